import { CancelledError } from "@layaway/errors";
import { DestinationUnavailableError } from "@layaway/object-store";

import { storeErrorOf } from "./s3-errors.ts";
import type { Subject } from "./s3-errors.ts";

export interface S3Call {
  /** Method and URL, for the error's message: `PUT s3://bucket/key`. */
  readonly what: string;
  readonly subject?: Subject;
  readonly signal?: AbortSignal | undefined;
  /** Time for all of it. Absent: as long as bytes flow. */
  readonly timeoutMs?: number | undefined;
}

/** Makes one call of the SDK; whatever it throws becomes an error of the contract. */
export async function asS3Call<T>(
  { what, subject = "object", signal, timeoutMs }: S3Call,
  send: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> {
  // One controller for both reasons to stop. `AbortSignal.any` would hang on to a job's signal for as long as that lives.
  const stop = new AbortController();
  const cancel = (): void => stop.abort();
  let late = false;
  const timer =
    timeoutMs === undefined ? undefined : setTimeout(() => ((late = true), stop.abort()), timeoutMs);
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    if (signal?.aborted === true) stop.abort();
    return await send({ abortSignal: stop.signal });
  } catch (error) {
    if (signal?.aborted === true) throw new CancelledError(`${what}: cancelled`, { cause: error });
    if (late)
      throw new DestinationUnavailableError(`${what}: took longer than ${timeoutMs} ms`, { cause: error });
    throw storeErrorOf(error, what, subject);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
  }
}

/** For an answer that says success and lacks what a success has. */
export function answered<T>(value: T | undefined, what: string, name: string): T {
  if (value === undefined) throw new DestinationUnavailableError(`${what}: the answer has no ${name}`);
  return value;
}
