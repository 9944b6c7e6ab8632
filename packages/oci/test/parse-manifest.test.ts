import {
  isForeignLayer,
  MalformedImageError,
  ManifestSchema1UnsupportedError,
  maxManifestBytes,
  NotAnImageError,
  parseManifest,
  UnsupportedDigestError,
  UnsupportedMediaTypeError,
} from "@layaway/oci";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  bytesOf,
  descriptor,
  digestOf,
  dockerConfigType,
  dockerLayerType,
  dockerListType,
  dockerManifest,
  dockerManifestType,
  ociConfigType,
  ociIndex,
  ociIndexType,
  ociLayerType,
  ociManifest,
  ociManifestType,
} from "./documents.ts";
import { throwsOnlyOurs } from "./thrown-by.ts";

const withoutType = (document: Record<string, unknown>): object => ({ ...document, mediaType: undefined });

describe("parseManifest reads", () => {
  it.each([
    [ociManifest(), ociManifestType, ociLayerType],
    [dockerManifest(), dockerManifestType, dockerLayerType],
  ])("manifests of both families", (document, mediaType, layerType) => {
    const manifest = parseManifest(bytesOf(document), mediaType);
    expect(manifest).toMatchObject({
      kind: "manifest",
      mediaType,
      layers: [{ mediaType: layerType, size: 10 }],
    });
  });

  it.each([
    [ociIndex([descriptor(ociManifestType)]), ociIndexType],
    [ociIndex([descriptor(dockerManifestType)], { mediaType: dockerListType }), dockerListType],
  ])("indexes of both families", (document, mediaType) => {
    expect(parseManifest(bytesOf(document), mediaType)).toMatchObject({ kind: "index", mediaType });
  });

  it.each([
    [withoutType(ociManifest()), ociManifestType],
    [withoutType(dockerManifest()), dockerManifestType],
    [withoutType(ociIndex([])), ociIndexType],
    [ociIndex([], { mediaType: dockerListType }), dockerListType],
  ])("documents whose type nobody announced, by their form", (document, mediaType) => {
    for (const contentType of [
      undefined,
      "",
      "application/octet-stream",
      "text/plain; charset=utf-8",
      "application/json",
    ]) {
      expect(parseManifest(bytesOf(document), contentType).mediaType).toBe(mediaType);
    }
  });

  it("a Content-Type with parameters and in any letter case", () => {
    const bytes = bytesOf(withoutType(dockerManifest()));
    expect(parseManifest(bytes, `${dockerManifestType.toUpperCase()} ; charset=utf-8`).mediaType).toBe(
      dockerManifestType,
    );
  });

  it("every field of a descriptor, and leaves out what is empty", () => {
    const digest = digestOf("x");
    const entry = {
      mediaType: ociManifestType,
      digest,
      size: 7,
      annotations: { a: "b" },
      platform: { os: "linux", architecture: "aarch64", variant: "v8", "os.version": "1" },
      urls: [],
      artifactType: null,
      data: "ignored",
    };
    expect(parseManifest(bytesOf(ociIndex([entry])), undefined)).toEqual({
      kind: "index",
      mediaType: ociIndexType,
      manifests: [
        {
          mediaType: ociManifestType,
          digest,
          size: 7,
          annotations: { a: "b" },
          platform: { os: "linux", architecture: "arm64", osVersion: "1" },
        },
      ],
    });
  });

  it("layers that are plain, zstd or foreign, keeping their urls", () => {
    const foreign = descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", {
      urls: ["https://example.com/x"],
    });
    const layers = [
      descriptor("application/vnd.oci.image.layer.v1.tar"),
      descriptor("application/vnd.oci.image.layer.v1.tar+zstd"),
      foreign,
    ];
    const manifest = parseManifest(bytesOf(ociManifest({ layers })), undefined);
    if (manifest.kind !== "manifest") throw new Error("expected a manifest");
    expect(manifest.layers.map(isForeignLayer)).toEqual([false, false, true]);
    expect(manifest.layers[2]?.urls).toEqual(["https://example.com/x"]);
  });

  it("an image without layers", () => {
    expect(parseManifest(bytesOf(ociManifest({ layers: [] })), undefined)).toMatchObject({ layers: [] });
  });

  it("a docker manifest whose config type an old registry lost", () => {
    const config = descriptor("application/octet-stream");
    expect(parseManifest(bytesOf(dockerManifest({ config })), undefined).kind).toBe("manifest");
    expect(() => parseManifest(bytesOf(ociManifest({ config })), undefined)).toThrow(NotAnImageError);
  });
});

describe("parseManifest refuses", () => {
  it.each([
    [{ schemaVersion: 1, name: "x", fsLayers: [] }, undefined],
    [{ schemaVersion: 1, name: "x", fsLayers: [] }, "application/json"],
    ["anything", "application/vnd.docker.distribution.manifest.v1+prettyjws"],
    ["anything", "application/vnd.docker.distribution.manifest.v1+json; charset=utf-8"],
    [{ schemaVersion: 1, config: {}, layers: [] }, dockerManifestType],
  ])("schema 1", (document, contentType) => {
    expect(() => parseManifest(bytesOf(document), contentType)).toThrow(ManifestSchema1UnsupportedError);
  });

  it.each([
    ["helm charts", ociManifest({ config: descriptor("application/vnd.cncf.helm.config.v1+json") })],
    [
      "artifacts with the empty config",
      ociManifest({
        artifactType: "application/vnd.example.sbom",
        config: descriptor("application/vnd.oci.empty.v1+json"),
      }),
    ],
    ["attestations", ociManifest({ layers: [descriptor("application/vnd.in-toto+json")] })],
    ["signatures", ociManifest({ layers: [descriptor("application/vnd.dev.cosign.simplesigning.v1+json")] })],
    ["docker plugins", dockerManifest({ config: descriptor("application/vnd.docker.plugin.v1+json") })],
    ["indexes of artifacts", ociIndex([], { artifactType: "application/vnd.example" })],
    ["artifact manifests", { mediaType: "application/vnd.oci.artifact.manifest.v1+json", blobs: [] }],
  ])("what is no image: %s", (_what, document) => {
    expect(() => parseManifest(bytesOf(document), undefined)).toThrow(NotAnImageError);
  });

  it.each([
    ["an index and an image at once", { ...ociManifest(), manifests: [] }, undefined],
    ["an index with a config", { ...ociIndex([]), config: {} }, undefined],
    ["header and body that differ", ociManifest(), dockerManifestType],
    ["an index announced as a manifest", withoutType(ociIndex([])), ociManifestType],
    ["a manifest that calls itself an index", ociManifest({ mediaType: ociIndexType }), undefined],
    ["an unknown type", ociManifest({ mediaType: "application/vnd.example+json" }), undefined],
    [
      "an unknown type, announced as a known one",
      ociManifest({ mediaType: "application/vnd.example" }),
      ociManifestType,
    ],
    ["a document without any type or form", {}, undefined],
    ["encrypted layers", ociManifest({ layers: [descriptor(`${ociLayerType}+encrypted`)] }), undefined],
  ])("%s", (_what, document, contentType) => {
    expect(() => parseManifest(bytesOf(document), contentType)).toThrow(UnsupportedMediaTypeError);
  });

  it.each([
    ["text", "<html>"],
    ["nothing", ""],
    ["a list", "[]"],
    ["null", "null"],
    ["a byte order mark", `\uFEFF${JSON.stringify(ociManifest())}`],
    ["a manifest type without its fields", { schemaVersion: 2, mediaType: ociManifestType }],
    ["a manifest without config", { ...ociManifest(), config: undefined }],
    ["a manifest without layers", { ...ociManifest(), layers: undefined }],
    ["schema version 3", ociManifest({ schemaVersion: 3 })],
    ["a negative size", ociManifest({ config: descriptor(ociConfigType, { size: -1 }) })],
    ["a fractional size", ociManifest({ config: descriptor(ociConfigType, { size: 1.5 }) })],
    ["a size as text", ociManifest({ config: descriptor(ociConfigType, { size: "1" }) })],
    ["a size beyond every store", ociManifest({ layers: [descriptor(ociLayerType, { size: 2 ** 46 })] })],
    ["a size beyond safe integers", ociManifest({ layers: [descriptor(ociLayerType, { size: 2 ** 60 })] })],
    [
      "a digest with a path in it",
      ociManifest({ layers: [descriptor(ociLayerType, { digest: "sha256:../../etc" })] }),
    ],
    [
      "an empty media type",
      ociManifest({ layers: [descriptor(ociLayerType), { ...descriptor(""), mediaType: "" }] }),
    ],
    ["annotations that are no text", ociManifest({ annotations: { a: 1 } })],
  ])("%s", (_what, document) => {
    expect(() => parseManifest(bytesOf(document), undefined)).toThrow(MalformedImageError);
  });

  it("bytes that are not UTF-8", () => {
    const bytes = bytesOf(ociManifest());
    bytes[20] = 0xff;
    expect(() => parseManifest(bytes, undefined)).toThrow(MalformedImageError);
  });

  it("more than 4 MiB, and takes 4 MiB", () => {
    const text = JSON.stringify(ociManifest());
    expect(parseManifest(bytesOf(text.padEnd(maxManifestBytes)), undefined).kind).toBe("manifest");
    expect(() => parseManifest(bytesOf(text.padEnd(maxManifestBytes + 1)), undefined)).toThrow(
      MalformedImageError,
    );
  });

  it("digests that it cannot compute", () => {
    const layers = [descriptor(ociLayerType, { digest: `sha512:${"a".repeat(128)}` })];
    expect(() => parseManifest(bytesOf(ociManifest({ layers })), undefined)).toThrow(UnsupportedDigestError);
  });
});

describe("parseManifest, whatever it is given,", () => {
  const contentTypes = fc.constantFrom(
    undefined,
    ociManifestType,
    dockerManifestType,
    ociIndexType,
    dockerListType,
    "x",
    "",
  );

  it("throws nothing but its own errors for arbitrary bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), contentTypes, (bytes, contentType) =>
        throwsOnlyOurs(() => parseManifest(bytes, contentType)),
      ),
    );
  });

  it("throws nothing but its own errors for arbitrary documents", () => {
    const leaf = fc.oneof(
      fc.jsonValue({ maxDepth: 1 }),
      fc.constantFrom(descriptor(ociLayerType), descriptor(dockerConfigType)),
    );
    const documents = fc.record(
      {
        schemaVersion: fc.constantFrom(1, 2, "2", null),
        mediaType: fc.oneof(contentTypes, leaf),
        config: leaf,
        layers: fc.oneof(fc.array(leaf, { maxLength: 3 }), leaf),
        manifests: fc.oneof(fc.array(leaf, { maxLength: 3 }), leaf),
        artifactType: leaf,
        annotations: leaf,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(documents, contentTypes, (document, contentType) =>
        throwsOnlyOurs(() => parseManifest(bytesOf(document), contentType)),
      ),
      { numRuns: 500 },
    );
  });
});
