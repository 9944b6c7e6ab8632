export type { Descriptor } from "./descriptor.ts";
export type { Digest } from "./digest.ts";
export type { ImageIndex, ImageManifest } from "./manifest.ts";
export type { Platform } from "./platform.ts";
export type { Reference } from "./reference.ts";
export { archivedDigest, type PlatformImage, type RawManifest, type ResolvedImage } from "./resolved-image.ts";
