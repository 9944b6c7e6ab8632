import type { Readable } from "node:stream";

import { createThroughputWatch, type ThroughputRule } from "./throughput.ts";
import { transportErrorOf } from "./transport-error-of.ts";
import { TransportError } from "./transport-error.ts";

export interface BodyOptions {
  readonly place: string;
  readonly signal: AbortSignal | undefined;
  readonly throughput: ThroughputRule;
  readonly now: () => number;
}

/** The bytes of a response as they come; every failure is a TransportError. Leaving the loop early ends the connection. */
export async function* bodyBytes(
  source: Readable,
  options: BodyOptions,
): AsyncGenerator<Buffer, void, undefined> {
  const { place, signal, throughput, now } = options;
  const watch = createThroughputWatch(throughput);
  const pieces: AsyncIterator<Buffer> = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const askedAt = now();
      const next = await pieces.next();
      if (next.done === true) return;
      if (watch(now() - askedAt, next.value.length) === "too_slow") {
        throw new TransportError(
          "too_slow",
          `body slower than ${throughput.minBytesPerSecond} bytes per second`,
        );
      }
      yield next.value;
    }
  } catch (error) {
    throw transportErrorOf(error, place, signal);
  } finally {
    await pieces.return?.();
  }
}

/** The whole body in one piece; throws TransportError `too_large` past `maxBytes`. */
export async function wholeBody(
  body: AsyncIterable<Buffer>,
  maxBytes: number,
  place: string,
): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes)
      throw new TransportError("too_large", `${place}: body has more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces, sizeBytes);
}
