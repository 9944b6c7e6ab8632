import { expect, test } from "vitest";

import { nextAttemptDelayMs } from "../src/index.ts";

const hour = 3_600_000;

test("makes ten attempts over the three days of Standard Webhooks", () => {
  const delays = Array.from({ length: 11 }, (_, attempts) => nextAttemptDelayMs(attempts, () => 0));
  expect(delays).toEqual([
    0,
    5000,
    300_000,
    1_800_000,
    2 * hour,
    5 * hour,
    10 * hour,
    14 * hour,
    20 * hour,
    24 * hour,
    undefined,
  ]);
});

test("spreads what failed together over a fifth of the delay", () => {
  expect(nextAttemptDelayMs(2, () => 0.5)).toBe(330_000);
  expect(nextAttemptDelayMs(2, () => 0.999_999)).toBeLessThanOrEqual(360_000);
});
