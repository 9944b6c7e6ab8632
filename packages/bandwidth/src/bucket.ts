/** How much may be taken ahead of time after a pause. With it a waiter that wakes late loses nothing. */
export const burstSeconds = 0.02;

/** One limit. Times are in milliseconds of the governor's clock. */
export interface Bucket {
  /** Bytes per second; `undefined` = unlimited, 0 = paused. */
  rate(): number | undefined;
  setRate(bytesPerSecond: number | undefined, nowMs: number): void;
  /** How long until bytes may be taken: 0 = now, Infinity = not before the rate changes. */
  waitMs(nowMs: number): number;
  /** Negative: gives back. */
  take(sizeBytes: number, nowMs: number): void;
  /** Takes although it is not their turn: what is owed for that is never more than a second's worth. */
  takeBefore(sizeBytes: number, nowMs: number): void;
}

/**
 * A token bucket with debt: whatever is asked for is granted as soon as nothing is owed, and what it takes beyond the
 * bucket's content is owed by those that come after it. So in any time W no more is granted than rate x W + burst + the
 * largest lease.
 */
export function createBucket(bytesPerSecond: number | undefined, startedAtMs: number): Bucket {
  let rate = bytesPerSecond;
  let tokens = burstOf(rate);
  let settledAtMs = startedAtMs;

  const settle = (nowMs: number): void => {
    const elapsedMs = Math.max(0, nowMs - settledAtMs);
    settledAtMs = Math.max(settledAtMs, nowMs);
    if (rate !== undefined) tokens = Math.min(burstOf(rate), tokens + (rate * elapsedMs) / 1000);
  };

  return {
    rate: () => rate,
    setRate: (next, nowMs) => {
      if (next === rate) return;
      settle(nowMs);
      // Debt is in bytes and stays: what was granted at the old rate is still on its way.
      tokens = rate === undefined ? burstOf(next) : Math.min(tokens, burstOf(next));
      rate = next;
    },
    waitMs: (nowMs) => {
      if (rate === undefined) return 0;
      if (rate === 0) return Number.POSITIVE_INFINITY;
      settle(nowMs);
      return tokens >= 0 ? 0 : Math.ceil((-tokens / rate) * 1000);
    },
    take: (sizeBytes, nowMs) => {
      settle(nowMs);
      // More than the burst is cut off when the bucket is looked at next.
      if (rate !== undefined) tokens -= sizeBytes;
    },
    takeBefore: (sizeBytes, nowMs) => {
      settle(nowMs);
      if (rate !== undefined) tokens = Math.max(tokens - sizeBytes, Math.min(tokens, -rate));
    },
  };
}

function burstOf(rate: number | undefined): number {
  return rate === undefined ? 0 : rate * burstSeconds;
}
