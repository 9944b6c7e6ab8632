import { type ArchivePlan, NotAnArchiveError, planArchive, readArchiveHead } from "@layaway/archive";
import { LayawayError } from "@layaway/errors";
import { DigestMismatchError, hexOf, type ResolvedImage, sha256Of } from "@layaway/oci";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { describedLayer, gzipLayerType, imageOf, indexedImageOf, layerOf, platformImage } from "./images.ts";
import { archiveBytes } from "./read-back.ts";

const [base, app] = [layerOf("base", 1000), layerOf("app", 512)];
const blobs = new Map([base, app].map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
const simple = imageOf([base.descriptor, app.descriptor, base.descriptor]);
const nothing = { mediaType: gzipLayerType, digest: sha256Of(new Uint8Array(0)), size: 0 };
const images: readonly (readonly [string, ResolvedImage])[] = [
  ["with a layer twice", simple],
  ["without layers", imageOf([])],
  ["with an empty layer", imageOf([base.descriptor, nothing, app.descriptor])],
  ["with a layer over 8 GiB", imageOf([describedLayer("huge", 9 * 1024 ** 3 + 1), app.descriptor])],
  ["without a tag", imageOf([base.descriptor], `nginx@${base.descriptor.digest}`)],
  [
    "with every platform's images",
    indexedImageOf([
      platformImage([base.descriptor, app.descriptor]),
      platformImage([app.descriptor, describedLayer("arm", 77)], "arm64"),
    ]),
  ],
];

describe("readArchiveHead", () => {
  it.each(images)("tells the whole archive of an image %s from its first bytes", (_what, image) => {
    const plan = planArchive(image);
    const head = readHead(headOf(plan));
    expect(head.sizeBytes).toBe(plan.sizeBytes);
    expect(
      head.images.map(({ raw, manifest, configBytes, platform }) => ({
        raw: raw.descriptor.digest,
        manifest,
        configBytes,
        platform,
      })),
    ).toEqual(
      image.images.map(({ raw, manifest, configBytes, platform }) => ({
        raw: raw.descriptor.digest,
        manifest,
        configBytes: Buffer.from(configBytes),
        platform,
      })),
    );
    const blobEntries = new Map(
      head.entries.map(({ name, offset, sizeBytes }) => [name, { offset, sizeBytes }]),
    );
    const layers = plan.segments.flatMap((segment) => (segment.kind === "blob" ? [segment] : []));
    for (const { blob, offset, sizeBytes } of layers) {
      expect(blobEntries.get(`blobs/sha256/${hexOf(blob.digest)}`)).toEqual({ offset, sizeBytes });
    }
    expect(head.dockerImage.config).toBe(image.primary.manifest.config.digest);
    expect(head.dockerImage.layers).toEqual(image.primary.manifest.layers.map(({ digest }) => digest));
  });

  it("reads the name", () => {
    const head = readHead(headOf(planArchive(simple)));
    expect(head.dockerImage.repoTags).toEqual(["registry.example.com/team/app:1.0"]);
    expect(head.index.manifests[0]?.annotations?.["io.containerd.image.name"]).toBe(
      "registry.example.com/team/app:1.0",
    );
  });

  it("asks for more bytes until it has enough, and for no more than the small entries take", () => {
    const plan = planArchive(simple);
    const archive = archiveBytes(plan, blobs);
    const firstLayer = plan.segments.find(({ kind }) => kind === "blob")?.offset ?? 0;
    let given = 0;
    for (let asked = 0; asked < 100; asked += 1) {
      const head = readArchiveHead(archive.subarray(0, given));
      if (head.kind === "head") break;
      expect(head.neededBytes).toBeGreaterThan(given);
      given = head.neededBytes;
    }
    expect(readArchiveHead(archive.subarray(0, given)).kind).toBe("head");
    expect(given).toBe(firstLayer);
  });

  it("finds damage in every small entry", () => {
    const plan = planArchive(simple);
    const archive = archiveBytes(plan, blobs);
    const firstLayer = plan.segments.find(({ kind }) => kind === "blob")?.offset ?? 0;
    const entries = readHead(archive).entries.filter(({ offset }) => offset < firstLayer);
    expect(entries).toHaveLength(5);
    const name = (offset: number): string => `byte ${offset}`;
    const unnoticed = entries.flatMap(({ offset }) => {
      const places = [offset - 512, offset - 512 + 130, offset - 512 + 150, offset + 1];
      return places.filter((place) => !isRefused(changed(archive, place))).map(name);
    });
    expect(unnoticed).toEqual([]);
  });

  it("refuses a manifest.json that names an image which is not there", () => {
    const archive = archiveBytes(planArchive(simple), blobs);
    const other = imageOf([app.descriptor, base.descriptor, app.descriptor]).primary.manifest.config.digest;
    const config = hexOf(simple.primary.manifest.config.digest);
    expect(archive.write(hexOf(other), archive.indexOf(config), "latin1")).toBe(64);
    expect(() => readArchiveHead(archive)).toThrow(NotAnArchiveError);
  });

  it("says digest_mismatch of a config that was changed", () => {
    const archive = archiveBytes(planArchive(simple), blobs);
    const config = readHead(archive).entries.find(({ name }) =>
      name.endsWith(hexOf(simple.primary.manifest.config.digest)),
    );
    expect(() => readArchiveHead(changed(archive, (config?.offset ?? 0) + 20))).toThrow(DigestMismatchError);
  });

  it.each([
    ["zero bytes", new Uint8Array(4096)],
    ["text", new TextEncoder().encode("x".repeat(4096))],
    ["a gzip", Uint8Array.from({ length: 512 }, (_, index) => [0x1f, 0x8b, 8][index] ?? 0)],
  ])("says that %s is no archive", (_what, bytes) => {
    expect(() => readArchiveHead(bytes)).toThrow(NotAnArchiveError);
  });

  it("asks for no endless head", () => {
    const archive = archiveBytes(planArchive(simple), blobs);
    const bloated = planArchive(imageOf([describedLayer("huge", 2 ** 40)]));
    const hugeHeader = bloated.segments.at(0);
    if (hugeHeader?.kind !== "given") throw new Error("expected given bytes");
    const header = Buffer.from(hugeHeader.bytes.subarray(-512));
    header.fill(0, 0, 100).write("oci-layout");
    header.fill(" ", 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")} \0`, 148, "latin1");
    expect(() => readArchiveHead(Buffer.concat([header, archive]))).toThrow(NotAnArchiveError);
  });

  it("throws nothing but its own errors for arbitrary bytes and arbitrary damage", () => {
    const archive = archiveBytes(planArchive(simple), blobs);
    const damaged = fc
      .array(fc.tuple(fc.nat(archive.length - 1), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 5,
      })
      .map((changes) => {
        const bytes = Buffer.from(archive);
        for (const [place, value] of changes) bytes[place] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 1200 }), damaged), (bytes) => {
        expect(["head", "more", "refused"]).toContain(
          isRefused(bytes) ? "refused" : readArchiveHead(bytes).kind,
        );
      }),
    );
  });
});

/** All given bytes that stand before the first layer. */
function headOf(plan: ArchivePlan): Uint8Array {
  const [first] = plan.segments;
  if (first?.kind !== "given") throw new Error("expected given bytes");
  return first.bytes;
}

function readHead(bytes: Uint8Array): ReturnType<typeof readArchiveHead> & { readonly kind: "head" } {
  const head = readArchiveHead(bytes);
  if (head.kind !== "head") throw new Error(`expected ${bytes.length} bytes to be enough`);
  return head;
}

function changed(archive: Buffer, place: number): Buffer {
  const bytes = Buffer.from(archive);
  bytes[place] = (bytes[place] ?? 0) ^ 1;
  return bytes;
}

function isRefused(bytes: Uint8Array): boolean {
  try {
    readArchiveHead(bytes);
    return false;
  } catch (error) {
    if (error instanceof LayawayError) return true;
    throw error;
  }
}
