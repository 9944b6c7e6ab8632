/**
 * Waits until bytes may be sent, and says how many: at least one, at most what was asked for. For uploads that have a limit;
 * throws only the signal's reason.
 */
export type Pace = (upToBytes: number, signal: AbortSignal | undefined) => Promise<number>;

/** Small enough that a low limit is kept smoothly, large enough that asking costs nothing beside sending. */
const mostPieceBytes = 256 * 1024;

/** Cuts bytes into the pieces in which they may be sent, each when it may be. Nothing is copied. */
export async function* pacedPieces(
  bytes: Uint8Array,
  pace: Pace,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length;) {
    const allowedBytes = await pace(Math.min(mostPieceBytes, bytes.length - at), signal);
    yield bytes.subarray(at, at + allowedBytes);
    at += allowedBytes;
  }
}
