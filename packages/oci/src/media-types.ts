import type { Descriptor } from "./descriptor.ts";

export const ociIndex = "application/vnd.oci.image.index.v1+json";
export const ociManifest = "application/vnd.oci.image.manifest.v1+json";
export const ociConfig = "application/vnd.oci.image.config.v1+json";
export const dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json";
export const dockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
export const dockerConfig = "application/vnd.docker.container.image.v1+json";

/**
 * The one `Accept` header for manifests, as containerd sends it. Without the list types registries convert documents,
 * and answer with the digest of another one (distribution/distribution#2395).
 */
export const manifestAccept: string = [ociIndex, dockerManifestList, ociManifest, dockerManifest, "*/*"].join(
  ", ",
);

/** OCI's artifact manifest of image-spec 1.1 release candidates: never an image. */
export const ociArtifact = "application/vnd.oci.artifact.manifest.v1+json";

const schema1Types = new Set([
  "application/vnd.docker.distribution.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v1+prettyjws",
]);

const foreignLayerTypes = new Set([
  "application/vnd.docker.image.rootfs.foreign.diff.tar",
  "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
  "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
]);

const layerTypes = new Set([
  "application/vnd.oci.image.layer.v1.tar",
  "application/vnd.oci.image.layer.v1.tar+gzip",
  "application/vnd.oci.image.layer.v1.tar+zstd",
  "application/vnd.docker.image.rootfs.diff.tar",
  "application/vnd.docker.image.rootfs.diff.tar.gzip",
  "application/vnd.docker.image.rootfs.diff.tar.zstd",
  ...foreignLayerTypes,
]);

const layerFamilies = ["application/vnd.oci.image.layer.", "application/vnd.docker.image.rootfs."];

/** Whether layers of this type are stored, as they are: plain, gzip or zstd. */
export function isLayerMediaType(mediaType: string): boolean {
  return layerTypes.has(mediaType);
}

/** Whether the type is one of a layer at all, perhaps of a kind that we do not take (an encrypted one). */
export function isLayerFamily(mediaType: string): boolean {
  return layerFamilies.some((family) => mediaType.startsWith(family));
}

/** Whether a layer may not be distributed by registries: ask the registry first, its `urls` only where that is allowed. */
export function isForeignLayer(layer: Descriptor): boolean {
  return foreignLayerTypes.has(layer.mediaType);
}

export function isIndexMediaType(mediaType: string): boolean {
  return mediaType === ociIndex || mediaType === dockerManifestList;
}

export function isManifestMediaType(mediaType: string): boolean {
  return mediaType === ociManifest || mediaType === dockerManifest;
}

export function isConfigMediaType(mediaType: string): boolean {
  return mediaType === ociConfig || mediaType === dockerConfig;
}

/**
 * What old registries wrote in place of docker's config type (distribution/distribution#1621); moby still takes them
 * (`daemon/internal/distribution/registry.go`).
 */
export function isLegacyConfigMediaType(mediaType: string): boolean {
  return ["application/octet-stream", "application/json", "text/html"].includes(mediaType);
}

export function isSchema1MediaType(mediaType: string): boolean {
  return schema1Types.has(mediaType);
}

/** A `Content-Type` without its parameters, in lower case. */
export function essenceOf(contentType: string): string {
  return (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
}
