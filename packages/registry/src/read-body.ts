import type { OutboundResponse } from "@layaway/outbound";

import type { Reserve } from "./blob-reader.ts";

/**
 * Reads a small body whole; its bytes count against the budget where its length is known beforehand.
 * Throws TransportError, `too_large` when it has more than `maxBytes`.
 */
export async function readBody(
  response: OutboundResponse,
  maxBytes: number,
  reserve: Reserve | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const length = contentLength(response);
  if (reserve !== undefined && length !== undefined && length <= maxBytes) {
    try {
      await payFor(length, reserve, signal);
    } catch (error) {
      response.discard();
      throw error;
    }
  }
  return response.readAll(maxBytes);
}

/** Takes leases for so many bytes, which will all be moved. */
async function payFor(sizeBytes: number, reserve: Reserve, signal: AbortSignal): Promise<void> {
  for (let paidBytes = 0; paidBytes < sizeBytes;) {
    const lease = await reserve(sizeBytes - paidBytes, signal);
    lease.end(lease.sizeBytes);
    paidBytes += lease.sizeBytes;
  }
}

/** Bytes, as the header says; `undefined` where it is absent or no number. */
export function contentLength(response: OutboundResponse): number | undefined {
  const text = response.header("content-length");
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
