import type { Descriptor } from "./descriptor.ts";
import type { Digest } from "./digest.ts";
import type { ImageManifest } from "./manifest.ts";
import type { Platform } from "./platform.ts";
import type { Reference } from "./reference.ts";

/** A manifest or index together with the very bytes its digest was computed from. */
export interface RawManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** One image of one platform: all that is known before the first layer byte is read. Everything in it was verified. */
export interface PlatformImage {
  readonly platform: Platform;
  readonly raw: RawManifest;
  readonly manifest: ImageManifest;
  readonly configBytes: Uint8Array;
}

/** What a reference stood for at one moment. From here on everything is by digest. */
export interface ResolvedImage {
  readonly reference: Reference;
  /** What the tag or digest named: the index where there is one, else the manifest. */
  readonly root: RawManifest;
  /** Indexes that are kept in the archive, outermost first: only where every platform was asked for. */
  readonly indexes: readonly RawManifest[];
  /** The image that `docker load` shall see. */
  readonly primary: PlatformImage;
  /** Every image of the archive, `primary` included. */
  readonly images: readonly PlatformImage[];
}

/** The digest that names the archive: of the index where every platform is kept, else of the one image's manifest. */
export function archivedDigest(image: ResolvedImage): Digest {
  return (image.indexes[0] ?? image.primary.raw).descriptor.digest;
}
