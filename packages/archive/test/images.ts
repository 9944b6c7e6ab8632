import {
  type Descriptor,
  parseImageConfig,
  parseManifest,
  parseReference,
  type PlatformImage,
  type RawManifest,
  type ResolvedImage,
  sha256Of,
} from "@layaway/oci";

export const gzipLayerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const indexType = "application/vnd.oci.image.index.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";

/** A layer whose bytes follow from its seed. */
export function layerOf(
  seed: string,
  sizeBytes: number,
): { readonly descriptor: Descriptor; readonly bytes: Uint8Array } {
  const bytes = new Uint8Array(sizeBytes).map(
    (_, index) => (index * 31 + seed.charCodeAt(index % seed.length)) % 251,
  );
  return { bytes, descriptor: { mediaType: gzipLayerType, digest: sha256Of(bytes), size: sizeBytes } };
}

/** A layer that is only described, of any size. */
export function describedLayer(seed: string, sizeBytes: number): Descriptor {
  return { mediaType: gzipLayerType, digest: sha256Of(encode(seed)), size: sizeBytes };
}

export function platformImage(layers: readonly Descriptor[], architecture: string = "amd64"): PlatformImage {
  const configBytes = encode({
    architecture,
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
  });
  const config = { mediaType: configType, digest: sha256Of(configBytes), size: configBytes.length };
  const raw = rawManifest({ schemaVersion: 2, mediaType: manifestType, config, layers }, manifestType);
  const manifest = parseManifest(raw.bytes, manifestType);
  if (manifest.kind !== "manifest") throw new Error("expected a manifest");
  return { platform: parseImageConfig(configBytes).platform, raw, manifest, configBytes };
}

/** One image, as it is resolved when one platform is asked for. */
export function imageOf(
  layers: readonly Descriptor[],
  reference = "registry.example.com/team/app:1.0",
): ResolvedImage {
  const primary = platformImage(layers);
  return { reference: parseReference(reference), root: primary.raw, indexes: [], primary, images: [primary] };
}

/** Several images and the index over them, as they are resolved when every platform is asked for. */
export function indexedImageOf(
  images: readonly [PlatformImage, ...PlatformImage[]],
  reference = "nginx:1.27",
): ResolvedImage {
  const manifests = images.map(({ raw, platform }) => ({ ...raw.descriptor, platform }));
  const root = rawManifest({ schemaVersion: 2, mediaType: indexType, manifests }, indexType);
  return { reference: parseReference(reference), root, indexes: [root], primary: images[0], images };
}

function rawManifest(document: object, mediaType: string): RawManifest {
  const bytes = encode(document);
  return { bytes, descriptor: { mediaType, digest: sha256Of(bytes), size: bytes.length } };
}

function encode(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}
