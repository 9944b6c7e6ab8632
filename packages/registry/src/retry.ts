import { setTimeout as delay } from "node:timers/promises";

import { CancelledError, LayawayError } from "@layaway/errors";

/** What waiting depends on; given from outside, so that tests need no time. */
export interface RetryPolicy {
  /** In [0, 1): spreads the waits, so that many workers do not come back together. */
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** A longer wait than this is not waited here but thrown, for the queue to wait. */
  readonly maxWaitMs: number;
}

/** With the waits between them about seven seconds; what takes longer is the queue's to repeat. */
const attempts = 5;
const firstDelayMs = 500;
const longestDelayMs = 8000;

/** Tries again while the error says that this helps: `retryable` and `retryAfterMs` decide, nothing else. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal,
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof LayawayError) || !error.retryable || tried >= attempts) throw error;
      const waitMs = Math.max(error.retryAfterMs ?? 0, backOffMs(tried, policy.random));
      if ((error.retryAfterMs ?? 0) > policy.maxWaitMs) throw error;
      await policy.sleep(waitMs, signal);
    }
  }
}

/** The wait after the nth failure in a row, in milliseconds: doubling, between half and all of it. */
export function backOffMs(failures: number, random: () => number): number {
  const fullMs = Math.min(longestDelayMs, firstDelayMs * 2 ** (failures - 1));
  return fullMs * (0.5 + random() / 2);
}

/** The real thing behind `RetryPolicy.sleep`. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch((cause: unknown) => {
    throw new CancelledError("cancelled while waiting to try again", { cause });
  });
}
