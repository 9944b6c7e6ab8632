import { LayawayError } from "./layaway-error.ts";

/** The work was cancelled: by its user, by a signal, or because its lock was lost. */
export class CancelledError extends LayawayError {
  readonly code = "cancelled";
  readonly side = "internal";
  readonly retryable = false;
}

/** A request, an option or a configuration that cannot be taken; the message names the path of the mistake. */
export class InvalidRequestError extends LayawayError {
  readonly code = "invalid_request";
  readonly side = "internal";
  readonly retryable = false;
}

/** Something that should not happen, or a dependency of our own (Redis) that is away. */
export class InternalError extends LayawayError {
  readonly code = "internal";
  readonly side = "internal";
  readonly retryable = true;
}
