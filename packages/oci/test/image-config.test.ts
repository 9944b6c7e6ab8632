import {
  checkImage,
  MalformedImageError,
  parseImageConfig,
  parseManifest,
  UnsupportedMediaTypeError,
} from "@layaway/oci";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { bytesOf, descriptor, ociLayerType, ociManifest } from "./documents.ts";
import { throwsOnlyOurs } from "./thrown-by.ts";

describe("parseImageConfig", () => {
  it("reads what an image says about itself", () => {
    const config = parseImageConfig(
      bytesOf({
        architecture: "aarch64",
        os: "linux",
        variant: "v8",
        created: "2026-01-02T03:04:05Z",
        author: "somebody",
        docker_version: "20.10",
        rootfs: { type: "layers", diff_ids: ["sha256:a", "sha256:b"] },
        config: {
          Labels: { a: "b" },
          Env: ["PATH=/bin"],
          Entrypoint: ["/bin/sh"],
          Cmd: ["-c"],
          WorkingDir: "/work",
          User: "1000",
          ExposedPorts: { "80/tcp": {} },
        },
        history: [{ created_by: "x" }],
      }),
    );
    expect(config).toEqual({
      platform: { os: "linux", architecture: "arm64" },
      diffIds: ["sha256:a", "sha256:b"],
      created: "2026-01-02T03:04:05Z",
      author: "somebody",
      dockerVersion: "20.10",
      labels: { a: "b" },
      env: ["PATH=/bin"],
      entrypoint: ["/bin/sh"],
      cmd: ["-c"],
      workingDir: "/work",
      user: "1000",
      exposedPorts: ["80/tcp"],
    });
  });

  it("reads the nulls that Go programs write, and leaves out what is empty", () => {
    const nothing = {
      Labels: null,
      Env: null,
      Entrypoint: null,
      Cmd: null,
      WorkingDir: "",
      User: "",
      ExposedPorts: null,
    };
    const config = {
      os: "windows",
      architecture: "amd64",
      "os.version": "10.0.1",
      created: null,
      rootfs: { diff_ids: null },
    };
    const empty = { diffIds: [], labels: {}, env: [], entrypoint: [], cmd: [], exposedPorts: [] };
    const platform = { os: "windows", architecture: "amd64", osVersion: "10.0.1" };
    expect(parseImageConfig(bytesOf({ ...config, config: nothing }))).toEqual({ platform, ...empty });
    expect(parseImageConfig(bytesOf({ ...config, config: null }))).toEqual({ platform, ...empty });
  });

  it("says unknown where no platform is named", () => {
    expect(parseImageConfig(bytesOf({ rootfs: {} })).platform).toEqual({
      os: "unknown",
      architecture: "unknown",
    });
  });

  it.each([
    "",
    "{}",
    "[]",
    "text",
    JSON.stringify({ rootfs: { diff_ids: "x" } }),
    JSON.stringify({ rootfs: {}, os: 1 }),
  ])("refuses %j", (text) => {
    expect(() => parseImageConfig(bytesOf(text))).toThrow(MalformedImageError);
  });

  it("throws nothing but its own errors", () => {
    const fields = {
      rootfs: fc.jsonValue(),
      config: fc.jsonValue(),
      os: fc.jsonValue(),
      architecture: fc.jsonValue(),
    };
    const documents = fc.oneof(fc.uint8Array(), fc.record(fields, { requiredKeys: [] }).map(bytesOf));
    fc.assert(fc.property(documents, (bytes) => throwsOnlyOurs(() => parseImageConfig(bytes))));
  });
});

describe("checkImage", () => {
  const manifest = parseManifest(
    bytesOf(ociManifest({ layers: [descriptor(ociLayerType), descriptor(ociLayerType)] })),
    undefined,
  );
  if (manifest.kind !== "manifest") throw new Error("expected a manifest");

  it("passes one diff id for each layer, repeated layers counted", () => {
    expect(() => checkImage(manifest, { diffIds: ["a", "a"] })).not.toThrow();
  });

  it("refuses more or fewer diff ids than layers", () => {
    expect(() => checkImage(manifest, { diffIds: ["a"] })).toThrow(MalformedImageError);
    expect(() => checkImage(manifest, { diffIds: ["a", "b", "c"] })).toThrow(MalformedImageError);
  });

  it("refuses layers that we do not take", () => {
    const [layer] = manifest.layers;
    if (layer === undefined) throw new Error("expected a layer");
    const odd = { ...manifest, layers: [{ ...layer, mediaType: "application/x-tar" }] };
    expect(() => checkImage(odd, { diffIds: ["a"] })).toThrow(UnsupportedMediaTypeError);
  });
});
