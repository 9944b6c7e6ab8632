import type { Descriptor, Digest } from "@layaway/oci";

/** What a store allows, in bytes and in number of parts. */
export interface PartLimits {
  readonly minPartBytes: number;
  readonly maxPartBytes: number;
  readonly maxParts: number;
  /** Preferred size; grown when the archive would need too many parts. */
  readonly preferredPartBytes: number;
}

/** A piece of a filled part: bytes that are known, or a range of a blob. `at` is its place within the part. */
export type Piece =
  | { readonly kind: "given"; readonly at: number; readonly bytes: Uint8Array }
  | {
      readonly kind: "blob";
      readonly at: number;
      readonly sizeBytes: number;
      readonly blob: Descriptor;
      readonly blobOffset: number;
    };

/** A part whose bytes we send. Its pieces tile it. */
export interface FilledPart {
  readonly kind: "filled";
  /** 1-based, as stores count. */
  readonly number: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly pieces: readonly Piece[];
}

/** A part that the store copies from a range of another of its objects. */
export interface CopiedPart {
  readonly kind: "copied";
  readonly number: number;
  readonly offset: number;
  readonly sizeBytes: number;
  readonly source: { readonly key: string; readonly etag: string; readonly offset: number };
}

export type Part = FilledPart | CopiedPart;

/** Where a blob stands already: `offset` is the place of its first byte in the object `key`. */
export interface BlobPlace {
  readonly key: string;
  readonly etag: string;
  readonly offset: number;
}

/** Blobs that can be copied within the store, by digest. */
export type BlobPlaces = ReadonlyMap<Digest, BlobPlace>;
