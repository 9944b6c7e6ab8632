import type { ErrorCode, ErrorSide } from "./error-code.ts";

/** What an error may carry besides its message. */
export interface LayawayErrorOptions extends ErrorOptions {
  /** The least time to wait before trying again, in milliseconds, where the other side named one. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The class every error of Layaway extends: one subclass per reason, each with its literal `code`.
 *
 * The message is one line that says what failed and where (method, redacted URL, digest); it never holds a credential,
 * a signed URL or a response body. Retry loops ask `retryable` and `retryAfterMs` and nothing else.
 */
export abstract class LayawayError extends Error {
  abstract readonly code: ErrorCode;
  abstract readonly side: ErrorSide;
  abstract readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: LayawayErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.retryAfterMs = options.retryAfterMs;
  }
}
