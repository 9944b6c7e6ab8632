import { type OutboundResponse, redactUrl, TransportError } from "@layaway/outbound";

import type { Reserve } from "./blob-reader.ts";

/** In which bodies of unknown length arrive at most. */
const pieceBytes = 64 * 1024;

/**
 * Reads a small body whole, and pays for its bytes before they are read: all at once where their number is known, piece by
 * piece elsewhere. Throws TransportError, `too_large` when it has more than `maxBytes`.
 */
export async function readBody(
  response: OutboundResponse,
  maxBytes: number,
  reserve: Reserve | undefined,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (reserve === undefined) return response.readAll(maxBytes);
  const length = contentLength(response);
  if (length === undefined) return readPaid(response, maxBytes, reserve, signal);
  try {
    if (length > maxBytes) throw tooLarge(response, maxBytes);
    await payFor(length, reserve, signal);
  } catch (error) {
    response.discard();
    throw error;
  }
  return response.readAll(maxBytes);
}

/** Each piece is read under a lease; the last one tells only that there is no other. */
async function readPaid(
  response: OutboundResponse,
  maxBytes: number,
  reserve: Reserve,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  const body = response.body[Symbol.asyncIterator]();
  try {
    for (;;) {
      const lease = await reserve(pieceBytes, signal);
      let movedBytes = 0;
      try {
        const next = await body.next();
        if (next.done === true) return Buffer.concat(pieces, sizeBytes);
        pieces.push(next.value);
        movedBytes = next.value.length;
      } finally {
        lease.end(movedBytes);
      }
      sizeBytes += movedBytes;
      if (sizeBytes > maxBytes) throw tooLarge(response, maxBytes);
    }
  } catch (error) {
    response.discard();
    throw error;
  }
}

function tooLarge(response: OutboundResponse, maxBytes: number): TransportError {
  return new TransportError("too_large", `${redactUrl(response.url)}: body has more than ${maxBytes} bytes`);
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
