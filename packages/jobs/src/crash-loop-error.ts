import { LayawayError } from "@layaway/errors";

/** Its worker died, or lost its lock, time and again: it is taken out so that other archives get on. */
export class CrashLoopError extends LayawayError {
  readonly code = "crash_loop";
  readonly side = "internal";
  readonly retryable = false;
}
