import { Readable } from "node:stream";

import { CancelledError } from "@layaway/errors";
import { DestinationUnavailableError } from "@layaway/object-store";

import { storeErrorOf } from "./s3-errors.ts";

export interface BodyOptions {
  readonly what: string;
  readonly signal: AbortSignal | undefined;
  /** What the answer announced: a body that ends early is no success. */
  readonly sizeBytes: number | undefined;
}

/** An object's bytes as they come. Ends the connection when nobody wants the rest. */
export function objectBody(body: unknown, options: BodyOptions): AsyncIterable<Uint8Array> {
  const { what, signal } = options;
  if (!(body instanceof Readable)) throw new DestinationUnavailableError(`${what}: the answer has no body`);
  const cancel = (): void => void body.destroy(new Error("cancelled"));
  // Between two reads, or before the first, nobody would hear of an error; the next read tells it.
  body.on("error", () => undefined);
  body.once("close", () => signal?.removeEventListener("abort", cancel));
  signal?.addEventListener("abort", cancel, { once: true });
  if (signal?.aborted === true) cancel();
  return readBody(body, options);
}

async function* readBody(
  body: Readable,
  { what, signal, sizeBytes }: BodyOptions,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  try {
    for await (const chunk of body) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError("a body of something else than bytes");
      received += chunk.length;
      yield chunk;
      if (signal?.aborted === true) throw new CancelledError(`${what}: cancelled`, { cause: signal.reason });
    }
  } catch (error) {
    if (signal?.aborted === true) throw new CancelledError(`${what}: cancelled`, { cause: signal.reason });
    throw storeErrorOf(error, what, "object");
  }
  if (sizeBytes !== undefined && received !== sizeBytes) {
    throw new DestinationUnavailableError(`${what}: ${received} bytes came instead of ${sizeBytes}`);
  }
}
