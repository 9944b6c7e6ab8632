import { execFileSync } from "node:child_process";
import { gunzipSync } from "node:zlib";
import {
  busyboxImage,
  describeWithServers,
  digestOf,
  generatedBlob,
  makeImage,
  makeIndex,
} from "@layaway/testing";
import type { Compression, TestImage } from "@layaway/testing";
import { extract } from "tar-stream";
import { describe, expect, test } from "vitest";

interface Descriptor {
  readonly digest: string;
  readonly size: number;
  readonly mediaType: string;
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

interface Parsed {
  readonly config: Descriptor & { readonly Cmd: readonly string[] };
  readonly layers: readonly Descriptor[];
  readonly manifests: readonly Descriptor[];
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

const parse = (bytes: Buffer): Parsed => JSON.parse(bytes.toString()) as Parsed;

const blobOf = (image: TestImage, place: number): Buffer => {
  const bytes = image.blobs.get(image.layers[place]?.digest ?? "");
  if (bytes === undefined) throw new Error(`no blob for layer ${place}`);
  return bytes;
};

describe("makeImage", () => {
  test("the same spec gives the same bytes, another seed gives others", async () => {
    const one = await makeImage({ seed: "a" });
    expect(await makeImage({ seed: "a" })).toEqual(one);
    expect((await makeImage({ seed: "b" })).digest).not.toBe(one.digest);
  });

  test.each<[Compression, number]>([
    ["gzip", 4096],
    ["gzip", 200_003],
    ["zstd", 4096],
    ["zstd", 300_001],
    ["zstd:chunked", 65_537],
    ["none", 4096],
    ["none", 131_072],
  ])("a %s layer has exactly the %i bytes asked for", async (compression, sizeBytes) => {
    const image = await makeImage({ family: "oci", layers: [{ sizeBytes, compression }] });
    const bytes = blobOf(image, 0);
    expect(bytes.length).toBe(sizeBytes);
    expect(image.layers[0]).toMatchObject({ size: sizeBytes, digest: digestOf(bytes) });
  });

  test("the manifest's descriptors and the config's diff ids fit the bytes", async () => {
    const image = await makeImage({ layers: [{ files: { hello: "world" } }, { sizeBytes: 9_999 }] });
    const manifest = parse(image.manifestBytes);
    for (const { digest, size } of [manifest.config, ...manifest.layers]) {
      expect(digestOf(image.blobs.get(digest) ?? Buffer.alloc(0))).toBe(digest);
      expect(image.blobs.get(digest)?.length).toBe(size);
    }
    const tars = [0, 1].map((place) => gunzipSync(blobOf(image, place)));
    expect(parse(image.configBytes).rootfs.diff_ids).toEqual(tars.map(digestOf));
    expect(await namesIn(tars[0])).toEqual(["hello"]);
  });

  test("a layer that stands in it twice is one blob", async () => {
    const layer = { sizeBytes: 4096, seed: "twice" };
    const image = await makeImage({ layers: [layer, { sizeBytes: 4096 }, layer] });
    expect(image.layers.length).toBe(3);
    expect(image.layers[2]).toEqual(image.layers[0]);
    expect(image.blobs.size).toBe(3);
  });

  test("a generated blob can be a layer, and is not held in memory", async () => {
    const blob = generatedBlob("big", 3_000_000);
    const image = await makeImage({ layers: [blob] });
    expect(image.layers[0]).toMatchObject({ digest: blob.digest, size: 3_000_000 });
    expect(image.generatedBlobs).toEqual([blob]);
    expect([...image.blobs.keys()]).toEqual([image.configDigest]);
  });
});

describeWithServers("layers of zstd frames", ["zstd"], () => {
  test.each<Compression>(["zstd", "zstd:chunked"])("%s is unpacked by zstd itself", async (compression) => {
    const image = await makeImage({ family: "oci", layers: [{ sizeBytes: 500_000, compression }] });
    const tar = execFileSync("zstd", ["-dc"], { input: blobOf(image, 0) });
    expect(digestOf(tar)).toBe(image.diffIds[0]);
    expect(await namesIn(tar)).toEqual(["data"]);
  });
});

describe("makeIndex", () => {
  test("an index lists its images with their platforms, each followed by an attestation", async () => {
    const platforms = ["linux/amd64", "linux/arm/v7"];
    const images = await Promise.all(platforms.map((platform) => makeImage({ platform })));
    const index = makeIndex({ images, attestations: true });
    const entries = parse(index.manifestBytes).manifests;
    expect(entries.map((entry) => entry.platform)).toEqual([
      { os: "linux", architecture: "amd64" },
      { os: "unknown", architecture: "unknown" },
      { os: "linux", architecture: "arm", variant: "v7" },
      { os: "unknown", architecture: "unknown" },
    ]);
    expect(index.images.map((image) => image.digest)).toEqual(entries.map((entry) => entry.digest));
    expect(index.images.map((image) => image.manifestBytes.length)).toEqual(
      entries.map((entry) => entry.size),
    );
  });
});

describe("generatedBlob", () => {
  test("any range of it is the range of the whole", () => {
    const blob = generatedBlob("seed", 2_500_000);
    const whole = blob.read(0, 9_999_999);
    expect(whole.length).toBe(2_500_000);
    expect(digestOf(whole)).toBe(blob.digest);
    for (const [offset, length] of [
      [1_048_570, 20],
      [0, 1],
      [1_000_000, 1_200_000],
      [2_499_999, 10],
    ] as const) {
      expect(blob.read(offset, length).equals(whole.subarray(offset, offset + length))).toBe(true);
    }
  });
});

describeWithServers("busyboxImage", ["busybox"], () => {
  test("it holds busybox, a shell that leads to it, and prints the greeting", async () => {
    const image = await busyboxImage({ greeting: "hello" });
    expect(await namesIn(gunzipSync(blobOf(image, 0)))).toEqual(["bin/busybox", "bin/sh", "etc/motd"]);
    expect(parse(image.configBytes).config.Cmd).toEqual(["/bin/sh", "-c", "echo 'hello'"]);
  });
});

async function namesIn(tar: Buffer | undefined): Promise<string[]> {
  const reader = extract();
  reader.end(tar);
  const names: string[] = [];
  for await (const entry of reader) {
    names.push(entry.header.name);
    entry.resume();
  }
  return names;
}
