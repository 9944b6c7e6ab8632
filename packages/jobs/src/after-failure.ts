import { CancelledError, errorReportOf, type ErrorReport, LayawayError } from "@layaway/errors";

/** What becomes of an archive after its attempt threw. */
export type AfterFailure =
  /** Told to come back later: no attempt is used up. */
  | { readonly kind: "wait"; readonly delayMs: number; readonly error: ErrorReport }
  | { readonly kind: "retry"; readonly delayMs: number; readonly error: ErrorReport }
  | { readonly kind: "end"; readonly state: "failed" | "cancelled"; readonly error: ErrorReport };

export interface FailedAttempt {
  readonly error: unknown;
  /** 1 for the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /** Since the archive was asked for. */
  readonly ageMs: number;
  /** Wait before the second attempt; each later one is four times as long. */
  readonly retryBaseMs: number;
  /** Wait after a 429 that names no time. */
  readonly rateLimitedMs: number;
  /** In [0, 1). */
  readonly random: number;
}

const hourMs = 3_600_000;
/** The longest wait that another side may ask for: Docker Hub's window is 6 h, a day is generous. */
const maxWaitMs = 24 * hourMs;
/** `Retry-After: 0` must not become a loop. */
const minWaitMs = 1000;
/** A source that says "later" for a week will not say anything else. */
const maxAgeMs = 7 * 24 * hourMs;
const factor = 4;
/** Archives that failed together come back apart. */
const spread = 0.25;

/**
 * The one place that turns an error into the queue's terms. It asks only `code`, `retryable` and `retryAfterMs`.
 * With the defaults attempts lie 15 s, 1 min, 4 min and 16 min apart, so that ten bad minutes of a registry are survived.
 */
export function afterFailure(failed: FailedAttempt): AfterFailure {
  const { attempt, random } = failed;
  const error = errorReportOf(failed.error);
  const known = failed.error instanceof LayawayError ? failed.error : undefined;
  const leastMs = Math.min(known?.retryAfterMs ?? 0, maxWaitMs);
  if (known instanceof CancelledError) return { kind: "end", state: "cancelled", error };
  if (error.code === "rate_limited" && failed.ageMs < maxAgeMs) {
    const waitMs = known?.retryAfterMs === undefined ? failed.rateLimitedMs : Math.max(leastMs, minWaitMs);
    return { kind: "wait", delayMs: Math.round(waitMs * (1 + spread * random)), error };
  }
  if (!error.retryable || attempt >= failed.maxAttempts) return { kind: "end", state: "failed", error };
  const backOffMs = failed.retryBaseMs * factor ** (attempt - 1) * (1 - spread + 2 * spread * random);
  return { kind: "retry", delayMs: Math.round(Math.max(leastMs, backOffMs)), error };
}
