import type { Lease } from "@layaway/bandwidth";

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Told of every body byte that came over the network, repeated and discarded ones too. */
  readonly onBytes?: ((sizeBytes: number) => void) | undefined;
}

/** Reads one blob in windows, over as many requests as it takes. */
export interface BlobReader {
  /**
   * Fills `into` with the blob's bytes from `offset` on, or throws. Goes on at the same byte after resets, expired
   * tokens and expired signed URLs. Bytes are not verified here: whoever holds the order computes the digest.
   * Windows may be asked for concurrently; where the registry ignores Range they are served one after the other, in
   * the order of their offsets, from one body.
   */
  read(into: Uint8Array, offset: number, options: ReadOptions): Promise<void>;
  /** Ends an open body. */
  close(): void;
}

/**
 * Takes a lease of the bandwidth budget before bytes are asked for; it may be smaller than what is wanted. With `atLatestMs`
 * it is granted after so long in any case.
 */
export type Reserve = (
  upToBytes: number,
  signal: AbortSignal,
  options?: { readonly atLatestMs?: number },
) => Promise<Lease>;

/** How a request for bytes of a blob went: each one that is repeated tells for itself. */
export interface WindowTiming {
  /** Who was asked: the registry, or the place it sent us to; where the registry answers with another place, that one. */
  readonly by: "registry" | "place";
  /**
   * From when the request left on a connection to its answer's headers. `undefined` where there were none, and for a further
   * window out of a body that was asked for before.
   */
  readonly firstByteMs: number | undefined;
  /** Whether the source failed: no connection, no answer, 429 or 5xx, a body that broke off. That it lacks a blob is no failure. */
  readonly failed: boolean;
  /** What its answer brought into the window. */
  readonly bytes: number;
}
