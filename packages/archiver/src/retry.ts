import { setTimeout as delay } from "node:timers/promises";

import { CancelledError, LayawayError } from "@layaway/errors";

/** How often and after how long something is tried again. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly maxDelayMs: number;
  /** In [0, 1): spreads the delays, so that many workers do not come back together. */
  readonly random: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Store calls: five attempts over about fifteen seconds; what takes longer is the queue's to repeat. */
export const storeRetries: RetryPolicy = {
  attempts: 5,
  firstDelayMs: 500,
  maxDelayMs: 8000,
  random: Math.random,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, { signal }).catch((cause: unknown) => {
      throw new CancelledError("cancelled while waiting to try again", { cause });
    });
  },
};

/** Tries again while the error says that this helps: `retryable` and `retryAfterMs` decide, nothing else. */
export async function retrying<T>(
  attempt: () => Promise<T>,
  policy: RetryPolicy,
  signal: AbortSignal,
  onRetry: (error: LayawayError, waitMs: number) => void = () => {},
): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof LayawayError) || !error.retryable || tried >= policy.attempts) throw error;
      const backOffMs = Math.min(policy.maxDelayMs, policy.firstDelayMs * 2 ** (tried - 1));
      const waitMs = Math.max(error.retryAfterMs ?? 0, backOffMs * (0.5 + policy.random() / 2));
      onRetry(error, waitMs);
      await policy.sleep(waitMs, signal);
    }
  }
}
