import {
  defaultPlatform,
  type ImageIndex,
  imagesOf,
  NotAnImageError,
  parseManifest,
  parsePlatform,
  PlatformNotFoundError,
  selectPlatform,
} from "@layaway/oci";
import { describe, expect, it } from "vitest";

import {
  bytesOf,
  descriptor,
  digestOf,
  dockerManifestType,
  ociIndex,
  ociIndexType,
  ociManifestType,
  platform,
} from "./documents.ts";
import { thrownBy } from "./thrown-by.ts";

const entry = (name: string, fields: object = {}): unknown =>
  descriptor(ociManifestType, { digest: digestOf(name), ...fields });
const image = (name: string, text: string, fields: object = {}): unknown =>
  entry(name, { platform: platform(text), ...fields });
const attestation = entry("attestation", {
  platform: platform("unknown/unknown"),
  annotations: { "vnd.docker.reference.type": "attestation-manifest" },
});
const windows = (version: string): unknown =>
  entry(version, { platform: { os: "windows", architecture: "amd64", "os.version": version } });

describe("selectPlatform", () => {
  it("finds exactly the platform wanted, however the index spells it", () => {
    const index = indexOf([
      image("amd64", "linux/x86_64"),
      image("arm64", "linux/arm64/v8"),
      image("arm", "linux/arm/v7"),
    ]);
    expect(selectPlatform(index, defaultPlatform).digest).toBe(digestOf("amd64"));
    expect(selectPlatform(index, parsePlatform("linux/arm64")).digest).toBe(digestOf("arm64"));
    expect(selectPlatform(index, parsePlatform("linux/arm")).digest).toBe(digestOf("arm"));
  });

  it("falls back to no other architecture, and names those offered", () => {
    const index = indexOf([image("386", "linux/386"), image("arm", "linux/arm/v6"), attestation]);
    const error = thrownBy(() => selectPlatform(index, defaultPlatform));
    expect(error).toBeInstanceOf(PlatformNotFoundError);
    expect(error).toMatchObject({ offered: [parsePlatform("linux/386"), parsePlatform("linux/arm/v6")] });
  });

  it("prefers gzip to its zstd twin in any order, and takes zstd where there is nothing else", () => {
    const zstd = image("zstd", "linux/amd64", {
      annotations: { "io.github.containers.compression.zstd": "true" },
    });
    const gzip = image("gzip", "linux/amd64");
    expect(selectPlatform(indexOf([zstd, gzip]), defaultPlatform).digest).toBe(digestOf("gzip"));
    expect(selectPlatform(indexOf([gzip, zstd]), defaultPlatform).digest).toBe(digestOf("gzip"));
    expect(selectPlatform(indexOf([zstd]), defaultPlatform).digest).toBe(digestOf("zstd"));
  });

  it("never takes attestations and artifacts, even where they name the platform", () => {
    const disguised = [
      image("a", "linux/amd64", { annotations: { "vnd.docker.reference.type": "something-new" } }),
      image("b", "linux/amd64", { artifactType: "application/vnd.example" }),
      descriptor("application/vnd.example+json", { platform: platform("linux/amd64") }),
    ];
    const index = indexOf([...disguised, image("image", "linux/amd64"), attestation]);
    expect(selectPlatform(index, defaultPlatform).digest).toBe(digestOf("image"));
    expect(imagesOf(index)).toHaveLength(1);
    expect(() => selectPlatform(indexOf([...disguised, attestation]), defaultPlatform)).toThrow(
      NotAnImageError,
    );
  });

  it("says of an empty index that it has no image", () => {
    expect(() => selectPlatform(indexOf([]), defaultPlatform)).toThrow(NotAnImageError);
  });

  it("takes an entry without a platform where it is the only one", () => {
    const docker = descriptor(dockerManifestType);
    expect(selectPlatform(indexOf([docker, attestation]), defaultPlatform).mediaType).toBe(
      dockerManifestType,
    );
    expect(() => selectPlatform(indexOf([docker, docker]), defaultPlatform)).toThrow(PlatformNotFoundError);
    const empty = entry("silent", { platform: { os: "", architecture: "" } });
    expect(selectPlatform(indexOf([empty, image("arm", "linux/arm")]), defaultPlatform).digest).toBe(
      digestOf("silent"),
    );
  });

  it("leads into a nested index", () => {
    const nested = descriptor(ociIndexType, { digest: digestOf("nested") });
    const index = indexOf([nested, image("arm64", "linux/arm64")]);
    expect(selectPlatform(index, defaultPlatform).digest).toBe(digestOf("nested"));
    expect(selectPlatform(index, parsePlatform("linux/arm64")).digest).toBe(digestOf("arm64"));
  });

  it("tells Windows versions apart only where one is wanted", () => {
    const index = indexOf([windows("10.0.1"), windows("10.0.2")]);
    expect(selectPlatform(index, parsePlatform("windows/amd64")).digest).toBe(digestOf("10.0.1"));
    expect(selectPlatform(index, parsePlatform("windows(10.0.2)/amd64")).digest).toBe(digestOf("10.0.2"));
  });
});

function indexOf(manifests: readonly unknown[]): ImageIndex {
  const index = parseManifest(bytesOf(ociIndex(manifests)), ociIndexType);
  if (index.kind !== "index") throw new Error("expected an index");
  return index;
}
