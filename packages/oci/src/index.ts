export { checkImage } from "./check-image.ts";
export type { Descriptor } from "./descriptor.ts";
export { type Digest, hexOf, parseDigest, sha256Of } from "./digest.ts";
export { maxManifestBytes } from "./document.ts";
export {
  DigestMismatchError,
  InvalidDigestError,
  InvalidReferenceError,
  MalformedImageError,
  ManifestSchema1UnsupportedError,
  NotAnImageError,
  PlatformNotFoundError,
  SizeMismatchError,
  UnsupportedDigestError,
  UnsupportedMediaTypeError,
} from "./errors.ts";
export { type ImageConfig, parseImageConfig } from "./image-config.ts";
export type { ImageIndex, ImageManifest } from "./manifest.ts";
export {
  dockerConfig,
  dockerManifest,
  dockerManifestList,
  isConfigMediaType,
  isForeignLayer,
  isIndexMediaType,
  isLayerMediaType,
  isManifestMediaType,
  manifestAccept,
  ociConfig,
  ociIndex,
  ociManifest,
} from "./media-types.ts";
export { parseManifest } from "./parse-manifest.ts";
export {
  defaultPlatform,
  formatPlatform,
  normalizePlatform,
  parsePlatform,
  type Platform,
  platformMatches,
} from "./platform.ts";
export { familiarName, formatReference, parseReference, type Reference } from "./reference.ts";
export {
  archivedDigest,
  type PlatformImage,
  type RawManifest,
  type ResolvedImage,
} from "./resolved-image.ts";
export { imagesOf, maxIndexDepth, maxIndexEntries, selectPlatform } from "./select-platform.ts";
export { verifyBytes } from "./verify-bytes.ts";
