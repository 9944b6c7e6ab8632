import { LayawayError } from "@layaway/errors";

/** The repository has no such tag or digest, or there is no such repository. */
export class ManifestUnknownError extends LayawayError {
  readonly code = "manifest_unknown";
  readonly side = "source";
  readonly retryable = false;
}

/** A manifest names a blob that the registry has not. */
export class BlobUnknownError extends LayawayError {
  readonly code = "blob_unknown";
  readonly side = "source";
  readonly retryable = false;
}

/** Credentials are missing or were refused. Never tried again on its own: accounts get locked by that. */
export class UnauthorizedError extends LayawayError {
  readonly code = "unauthorized";
  readonly side = "source";
  readonly retryable = false;
}

/** The registry knows who asks, and says no. */
export class DeniedError extends LayawayError {
  readonly code = "denied";
  readonly side = "source";
  readonly retryable = false;
}

/**
 * Told to come back later, by a 429 or a 503 that says when, or by the figures of a registry that counts pulls. `retryAfterMs`
 * where the registry named a time, or where it follows from those figures.
 */
export class RateLimitedError extends LayawayError {
  readonly code = "rate_limited";
  readonly side = "source";
  readonly retryable = true;
}

/** No answer, a broken one, or a 5xx: worth another try. */
export class SourceUnavailableError extends LayawayError {
  readonly code = "source_unavailable";
  readonly side = "source";
  readonly retryable = true;
}

/** A registry that ignores Range broke its one body off, or was asked for more than can be thrown away. */
export class RangeIgnoredError extends LayawayError {
  readonly code = "source_unavailable";
  readonly side = "source";
  readonly retryable = true;
}

/** What answers is no registry we can read from (certificates, redirects, answers of no known form): another try is useless. */
export class SourceUnusableError extends LayawayError {
  readonly code = "source_unavailable";
  readonly side = "source";
  readonly retryable = false;
}

/** The registry stays below the least rate, or is silent in the middle of a body. */
export class SourceTooSlowError extends LayawayError {
  readonly code = "source_too_slow";
  readonly side = "source";
  readonly retryable = true;
}
