const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** The delays of Standard Webhooks 1.0: ten attempts over three days. */
const delaysMs = [
  0,
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
] as const;

/** Added to a delay at most, as a share of it: what failed together does not come back together. */
const spread = 0.2;

/**
 * How long to wait before the next attempt, in milliseconds; `undefined` when there is none any more.
 *
 * @param attemptsMade how many attempts were made so far
 * @param random gives a number in [0, 1)
 */
export function nextAttemptDelayMs(attemptsMade: number, random: () => number): number | undefined {
  const delayMs = delaysMs[attemptsMade];
  return delayMs === undefined ? undefined : Math.round(delayMs * (1 + spread * random()));
}
