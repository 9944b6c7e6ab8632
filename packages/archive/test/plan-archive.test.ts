import { planArchive, TooLargeError } from "@layaway/archive";
import {
  archivedDigest,
  type Descriptor,
  DigestMismatchError,
  hexOf,
  parseReference,
  sha256Of,
  SizeMismatchError,
} from "@layaway/oci";
import { describe, expect, it } from "vitest";

import { describedLayer, gzipLayerType, imageOf, indexedImageOf, layerOf, platformImage } from "./images.ts";
import { archiveBytes, filesOf, systemTarList } from "./read-back.ts";

const [base, app] = [layerOf("base", 1000), layerOf("app", 512)];
const blobs = new Map([base, app].map(({ descriptor, bytes }) => [descriptor.digest, bytes]));
const image = imageOf([base.descriptor, app.descriptor, base.descriptor]);
const names = (...descriptors: readonly Pick<Descriptor, "digest">[]): readonly string[] =>
  descriptors.map(({ digest }) => `blobs/sha256/${hexOf(digest)}`);

describe("planArchive lays out", () => {
  it("small entries first, then each layer once, in manifest order", async () => {
    const files = await filesOf(archiveBytes(planArchive(image), blobs));
    expect(files.map(({ name }) => name)).toEqual([
      "oci-layout",
      "index.json",
      "manifest.json",
      ...names(image.primary.raw.descriptor, image.primary.manifest.config, base.descriptor, app.descriptor),
    ]);
  });

  it("every blob under the digest that its bytes have", async () => {
    const files = await filesOf(archiveBytes(planArchive(image), blobs));
    const stored = files.filter(({ name }) => name.startsWith("blobs/"));
    expect(stored).toHaveLength(4);
    expect(stored.map(({ bytes }) => `blobs/sha256/${hexOf(sha256Of(bytes))}`)).toEqual(
      stored.map(({ name }) => name),
    );
  });

  it("files that say nothing of who made them and when", async () => {
    for (const file of await filesOf(archiveBytes(planArchive(image), blobs))) {
      expect(file).toMatchObject({
        type: "file",
        mode: 0o644,
        uid: 0,
        gid: 0,
        uname: "",
        gname: "",
        mtime: new Date(0),
      });
    }
  });

  it("a tar that system tar lists with the same names and sizes", () => {
    const plan = planArchive(image);
    const listed = systemTarList(plan).map((line) => line.split(/\s+/));
    expect(listed.map(([mode, owner, , date]) => [mode, owner, date])).toEqual(
      listed.map(() => ["-rw-r--r--", "0/0", "1970-01-01"]),
    );
    expect(listed.map(([, , , , , name]) => name).slice(-2)).toEqual(names(base.descriptor, app.descriptor));
    expect(listed.map(([, , size]) => size).slice(-2)).toEqual(["1000", "512"]);
  });

  it("every platform's image below the kept index", async () => {
    const arm = layerOf("arm", 700);
    const [amd64, arm64] = [
      platformImage([base.descriptor, app.descriptor]),
      platformImage([base.descriptor, arm.descriptor], "arm64"),
    ];
    const both = indexedImageOf([amd64, arm64]);
    const plan = planArchive(both);
    const files = await filesOf(archiveBytes(plan, new Map([...blobs, [arm.descriptor.digest, arm.bytes]])));
    expect(files.map(({ name }) => name).slice(3)).toEqual(
      names(
        both.root.descriptor,
        amd64.raw.descriptor,
        arm64.raw.descriptor,
        amd64.manifest.config,
        arm64.manifest.config,
        base.descriptor,
        app.descriptor,
        arm.descriptor,
      ),
    );
    expect(plan.digest).toBe(both.root.descriptor.digest);
    const [index, docker] = [documentIn(files, "index.json"), documentIn(files, "manifest.json")];
    expect(index).toMatchObject({ manifests: [{ digest: both.root.descriptor.digest }] });
    expect(index).not.toHaveProperty("manifests.0.platform");
    expect(docker).toEqual([
      {
        Config: names(amd64.manifest.config)[0],
        RepoTags: ["nginx:1.27"],
        Layers: names(base.descriptor, app.descriptor),
      },
    ]);
  });

  it("an image without layers", async () => {
    const files = await filesOf(archiveBytes(planArchive(imageOf([])), new Map()));
    expect(files).toHaveLength(5);
    expect(documentIn(files, "manifest.json")).toMatchObject([{ Layers: [] }]);
  });

  it("an empty layer as an entry without bytes to fetch, once its digest held", async () => {
    const nothing: Descriptor = { mediaType: gzipLayerType, digest: sha256Of(new Uint8Array(0)), size: 0 };
    const plan = planArchive(imageOf([nothing]));
    expect(plan.segments.map(({ kind }) => kind)).toEqual(["given"]);
    const files = await filesOf(archiveBytes(plan, new Map()));
    expect(files.at(-1)).toMatchObject({ name: names(nothing)[0], bytes: Buffer.alloc(0) });
    expect(() => planArchive(imageOf([describedLayer("not empty", 0)]))).toThrow(DigestMismatchError);
  });

  it("layers over 8 GiB so that system tar reads their sizes", () => {
    const sizes = [8 * 1024 ** 3 - 1, 8 * 1024 ** 3, 8 * 1024 ** 3 + 1, 50 * 1024 ** 3 + 77];
    const plan = planArchive(imageOf(sizes.map((size) => describedLayer(`layer of ${size}`, size))));
    const listed = systemTarList(plan).map((line) => line.split(/\s+/)[2]);
    expect(listed.slice(-sizes.length)).toEqual(sizes.map(String));
  });
});

describe("the documents in an archive", () => {
  it("name the image as docker and containerd do", async () => {
    const files = await filesOf(archiveBytes(planArchive(imageOf([base.descriptor], "nginx:1.27")), blobs));
    const { primary } = imageOf([base.descriptor]);
    expect(documentIn(files, "oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
    expect(documentIn(files, "index.json")).toEqual({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        {
          ...primary.raw.descriptor,
          annotations: {
            "io.containerd.image.name": "docker.io/library/nginx:1.27",
            "org.opencontainers.image.ref.name": "1.27",
          },
          platform: { architecture: "amd64", os: "linux" },
        },
      ],
    });
    expect(documentIn(files, "manifest.json")).toEqual([
      { Config: names(primary.manifest.config)[0], RepoTags: ["nginx:1.27"], Layers: names(base.descriptor) },
    ]);
  });

  it("list a layer that is used twice twice", async () => {
    const files = await filesOf(archiveBytes(planArchive(image), blobs));
    expect(documentIn(files, "manifest.json")).toMatchObject([
      {
        Layers: names(base.descriptor, app.descriptor, base.descriptor),
        RepoTags: ["registry.example.com/team/app:1.0"],
      },
    ]);
  });

  it("hold no name where there is no tag", async () => {
    const untagged = imageOf([base.descriptor], `nginx@${sha256Of(base.bytes)}`);
    const files = await filesOf(archiveBytes(planArchive(untagged), blobs));
    expect(documentIn(files, "manifest.json")).toMatchObject([{ RepoTags: [] }]);
    expect(documentIn(files, "index.json")).not.toHaveProperty("manifests.0.annotations");
  });

  it("leave a digest out of the name", async () => {
    const pinned = imageOf([base.descriptor], `nginx:1.27@${sha256Of(base.bytes)}`);
    expect(planArchive(pinned)).toEqual(planArchive(imageOf([base.descriptor], "nginx:1.27")));
  });

  it("take another name where one is given", async () => {
    const name = parseReference("registry.example.org:5000/mirror/nginx:blue");
    const files = await filesOf(archiveBytes(planArchive(image, { name }), blobs));
    expect(documentIn(files, "manifest.json")).toMatchObject([
      { RepoTags: ["registry.example.org:5000/mirror/nginx:blue"] },
    ]);
    expect(documentIn(files, "index.json")).toMatchObject({
      manifests: [
        {
          annotations: {
            "io.containerd.image.name": "registry.example.org:5000/mirror/nginx:blue",
            "org.opencontainers.image.ref.name": "blue",
          },
        },
      ],
    });
  });
});

describe("a plan", () => {
  it("is tiled by its segments, ends in two zero blocks, and is the same when it is made again", () => {
    const plan = planArchive(image);
    let end = 0;
    for (const segment of plan.segments) {
      expect(segment.offset).toBe(end);
      end += segment.kind === "given" ? segment.bytes.length : segment.sizeBytes;
    }
    expect(end).toBe(plan.sizeBytes);
    expect(
      archiveBytes(plan, blobs)
        .subarray(-1024)
        .every((byte) => byte === 0),
    ).toBe(true);
    expect(planArchive(imageOf([base.descriptor, app.descriptor, base.descriptor]))).toEqual(plan);
    expect(plan.digest).toBe(archivedDigest(image));
  });

  it.each(["nginx:1.27", `nginx@${base.descriptor.digest}`])(
    "of %s does not depend on how the image was found",
    (reference) => {
      const plain = imageOf([base.descriptor], reference);
      const { descriptor } = plain.primary.raw;
      const found = {
        ...descriptor,
        annotations: { a: "b" },
        platform: { os: "linux", architecture: "amd64" },
      };
      // As an index may say it; the config has no variant.
      const platform = { os: "linux", architecture: "amd64", variant: "v3" };
      const primary = { ...plain.primary, platform, raw: { ...plain.primary.raw, descriptor: found } };
      const root = indexedImageOf([plain.primary]).root;
      expect(planArchive({ ...plain, root, primary, images: [primary] })).toEqual(planArchive(plain));
    },
  );

  it("has another fingerprint when any byte of the archive is another", () => {
    const like = (layers: readonly Descriptor[], reference?: string): string =>
      planArchive(imageOf(layers, reference)).fingerprint;
    const fingerprints = [
      like([base.descriptor, app.descriptor]),
      like([app.descriptor, base.descriptor]),
      like([base.descriptor]),
      like([base.descriptor, { ...app.descriptor, size: 513 }]),
      like([base.descriptor, describedLayer("other", app.descriptor.size)]),
      like([base.descriptor, app.descriptor], "registry.example.com/team/app:1.1"),
      like([base.descriptor, app.descriptor], "registry.example.com/team/ap:1.0"),
    ];
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
    expect(fingerprints[0]).toMatch(/^[a-f0-9]{64}$/);
  });

  it("keeps its fingerprint in every release of format version 1", () => {
    expect(planArchive(image).fingerprint).toBe(
      "d66ac5721d90e3f402a25e4820bb42a3040a3be8698a3ab435dc8cdeb290ad7b",
    );
  });

  it("is refused where one digest has two sizes", () => {
    expect(() => planArchive(imageOf([base.descriptor, { ...base.descriptor, size: 999 }]))).toThrow(
      SizeMismatchError,
    );
  });

  it("is refused where sizes cannot be counted any more", () => {
    const huge = Array.from({ length: 200 }, (_, index) => describedLayer(`huge ${index}`, 5e13));
    expect(() => planArchive(imageOf(huge))).toThrow(TooLargeError);
  });
});

function documentIn(files: Awaited<ReturnType<typeof filesOf>>, name: string): unknown {
  const file = files.find((candidate) => candidate.name === name);
  return JSON.parse(file?.bytes.toString("utf8") ?? "null");
}
