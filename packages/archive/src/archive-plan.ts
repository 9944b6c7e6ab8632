import type { Descriptor, Digest } from "@layaway/oci";

/** A stretch of the archive whose bytes are known already: headers, padding, small entries, the end of the tar. */
export interface GivenSegment {
  readonly kind: "given";
  /** First byte's place in the archive. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** A stretch of the archive that is one whole blob, byte for byte as the registry holds it. */
export interface BlobSegment {
  readonly kind: "blob";
  readonly offset: number;
  readonly sizeBytes: number;
  readonly blob: Descriptor;
}

export type Segment = GivenSegment | BlobSegment;

/** Where every byte of an archive stands, known before the first blob byte is asked for. Segments tile `[0, sizeBytes)`. */
export interface ArchivePlan {
  readonly sizeBytes: number;
  /** Names the bytes: SHA-256 (hex) over format version, segment layout, given bytes and blob digests. */
  readonly fingerprint: string;
  /** The digest that names the archive. */
  readonly digest: Digest;
  readonly segments: readonly Segment[];
}
