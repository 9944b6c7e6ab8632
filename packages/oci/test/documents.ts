import { type Digest, sha256Of } from "@layaway/oci";

/** Documents as registries hold them, for the tests of this package. */
export const ociManifestType = "application/vnd.oci.image.manifest.v1+json";
export const ociIndexType = "application/vnd.oci.image.index.v1+json";
export const dockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
export const dockerListType = "application/vnd.docker.distribution.manifest.list.v2+json";
export const ociConfigType = "application/vnd.oci.image.config.v1+json";
export const dockerConfigType = "application/vnd.docker.container.image.v1+json";
export const ociLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
export const dockerLayerType = "application/vnd.docker.image.rootfs.diff.tar.gzip";

export function bytesOf(document: unknown): Uint8Array {
  return new TextEncoder().encode(typeof document === "string" ? document : JSON.stringify(document));
}

export function digestOf(text: string): Digest {
  return sha256Of(new TextEncoder().encode(text));
}

export function descriptor(mediaType: string, fields: object = {}): Record<string, unknown> {
  return { mediaType, digest: digestOf(mediaType), size: 10, ...fields };
}

export function ociManifest(fields: object = {}): Record<string, unknown> {
  return {
    schemaVersion: 2,
    mediaType: ociManifestType,
    config: descriptor(ociConfigType),
    layers: [descriptor(ociLayerType)],
    ...fields,
  };
}

export function dockerManifest(fields: object = {}): Record<string, unknown> {
  return {
    schemaVersion: 2,
    mediaType: dockerManifestType,
    config: descriptor(dockerConfigType),
    layers: [descriptor(dockerLayerType)],
    ...fields,
  };
}

export function ociIndex(manifests: readonly unknown[], fields: object = {}): Record<string, unknown> {
  return { schemaVersion: 2, mediaType: ociIndexType, manifests, ...fields };
}

export function platform(text: string): object {
  const [os, architecture, variant] = text.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
