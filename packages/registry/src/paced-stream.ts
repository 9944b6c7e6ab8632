import type { Descriptor } from "@layaway/oci";
import type { OutboundResponse } from "@layaway/outbound";

import type { ReadOptions, Reserve } from "./blob-reader.ts";

/** How much of a window was filled. */
type Taken =
  | { readonly kind: "filled" }
  | { readonly kind: "short"; readonly bytes: number; readonly failure: unknown };

/** A body that is read bit by bit over a long time, each bit paid for before it is read. */
export interface PacedStream {
  /** The blob offset of the next byte. */
  readonly at: number;
  /** Fills `into` with the bytes from `offset` on, which is not before `at`; what lies between is thrown away. */
  fill(into: Uint8Array, offset: number, asked: ReadOptions): Promise<Taken>;
  /** Whether a byte comes after the last one; ends the body. */
  hasMore(): Promise<boolean>;
}

/** Small enough that a low rate is kept smoothly, large enough that paying costs nothing beside reading. */
const paidAtOnceBytes = 256 * 1024;
/** What Node reads from a socket at once. A larger piece is paid with the next one. */
const usualPieceBytes = 64 * 1024;
/**
 * A body cannot be put aside: its server breaks it off when nobody reads for long (nginx `send_timeout`: 60 s), and
 * without Range it would have to start over. So something is read of it however low the limit is.
 */
const readAtLatestMs = 10_000;

export function createPacedStream(
  response: OutboundResponse,
  options: {
    readonly blob: Descriptor;
    readonly reserve: Reserve | undefined;
    readonly at: number;
    readonly paidBytes: number;
    readonly readAtLatestMs: number | undefined;
  },
): PacedStream {
  const { blob, reserve } = options;
  const pieces = response.body[Symbol.asyncIterator]();
  let { at, paidBytes } = options;
  /** What the last piece held beyond the window that it was read for. */
  let rest: Uint8Array = new Uint8Array(0);

  const pay = async (signal: AbortSignal): Promise<void> => {
    const left = blob.size - at;
    if (reserve === undefined || paidBytes >= Math.min(usualPieceBytes, left)) return;
    const upToBytes = Math.min(paidAtOnceBytes, left - paidBytes);
    const lease = await reserve(upToBytes, signal, { atLatestMs: options.readAtLatestMs ?? readAtLatestMs });
    lease.end(lease.sizeBytes);
    paidBytes += lease.sizeBytes;
  };

  const nextPiece = async (asked: ReadOptions): Promise<Uint8Array | undefined> => {
    if (rest.length > 0) return rest;
    await pay(asked.signal);
    const next = await pieces.next();
    if (next.done === true) return undefined;
    paidBytes -= next.value.length;
    asked.onBytes?.(next.value.length);
    return next.value;
  };

  return {
    get at() {
      return at;
    },
    async fill(into, offset, asked) {
      let bytes = 0;
      try {
        while (bytes < into.length) {
          const piece = await nextPiece(asked);
          if (piece === undefined) return { kind: "short", bytes, failure: undefined };
          const skipped = Math.min(piece.length, Math.max(0, offset - at));
          const taken = piece.subarray(skipped, skipped + into.length - bytes);
          into.set(taken, bytes);
          bytes += taken.length;
          at += skipped + taken.length;
          rest = piece.subarray(skipped + taken.length);
        }
      } catch (failure) {
        return { kind: "short", bytes, failure };
      }
      return { kind: "filled" };
    },
    async hasMore() {
      if (rest.length > 0) return true;
      try {
        const next = await pieces.next();
        return next.done !== true && next.value.length > 0;
      } catch {
        // Every byte of the blob is there; how the connection ended is of no interest.
        return false;
      }
    },
  };
}
