import type { Governor, Lease } from "@layaway/bandwidth";

/** Small enough that a low limit is kept smoothly, large enough that asking costs nothing beside sending. */
const leasedAtOnceBytes = 256 * 1024;
/** All downloads together are one among those who share the limit. */
const share = { id: "downloads", weight: 1 };

/** Passes a body on within the budget. What the reader leaves is given back. */
export async function* pacedBody(
  body: AsyncIterable<Uint8Array>,
  governor: Governor,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let lease: Lease | undefined;
  let leftBytes = 0;
  try {
    for await (const chunk of body) {
      for (let at = 0; at < chunk.length;) {
        if (lease === undefined || leftBytes === 0) {
          lease?.end(lease.sizeBytes);
          lease = await governor.lease(leasedAtOnceBytes, { share, signal });
          leftBytes = lease.sizeBytes;
        }
        const piece = chunk.subarray(at, at + leftBytes);
        at += piece.length;
        leftBytes -= piece.length;
        yield piece;
      }
    }
  } finally {
    lease?.end(lease.sizeBytes - leftBytes);
  }
}
