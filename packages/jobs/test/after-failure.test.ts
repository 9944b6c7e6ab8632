import { CancelledError, InternalError, InvalidRequestError, LayawayError } from "@layaway/errors";
import { expect, test } from "vitest";

import { afterFailure, type FailedAttempt } from "../src/after-failure.ts";

class RateLimitedError extends LayawayError {
  readonly code = "rate_limited";
  readonly side = "source";
  readonly retryable = true;
}

const failed: Omit<FailedAttempt, "error"> = {
  attempt: 1,
  maxAttempts: 5,
  ageMs: 1000,
  retryBaseMs: 15_000,
  rateLimitedMs: 60_000,
  random: 0.5,
};
const day = 86_400_000;

test.each<[string, unknown, Partial<FailedAttempt>, object]>([
  [
    "a passing error is tried again after the base",
    new InternalError("x"),
    {},
    { kind: "retry", delayMs: 15_000 },
  ],
  [
    "later attempts wait four times as long",
    new InternalError("x"),
    { attempt: 4 },
    { kind: "retry", delayMs: 960_000 },
  ],
  ["attempts spread downwards", new InternalError("x"), { random: 0 }, { kind: "retry", delayMs: 11_250 }],
  [
    "a named time is the least",
    new InternalError("x", { retryAfterMs: 40_000 }),
    {},
    { kind: "retry", delayMs: 40_000 },
  ],
  ["the last attempt is the last", new InternalError("x"), { attempt: 5 }, { kind: "end", state: "failed" }],
  ["what no retry heals ends at once", new InvalidRequestError("x"), {}, { kind: "end", state: "failed" }],
  ["a foreign error is tried again", new Error("x"), {}, { kind: "retry" }],
  ["what was thrown and is no error, too", "x", {}, { kind: "retry" }],
  ["a cancellation is no failure", new CancelledError("x"), {}, { kind: "end", state: "cancelled" }],
  [
    "a 429 waits as asked, and a little",
    new RateLimitedError("x", { retryAfterMs: 100_000 }),
    {},
    { kind: "wait", delayMs: 112_500 },
  ],
  [
    "a 429 waits in the last attempt, too",
    new RateLimitedError("x"),
    { attempt: 5 },
    { kind: "wait", delayMs: 67_500 },
  ],
  [
    "a 429 that says 0 waits a second",
    new RateLimitedError("x", { retryAfterMs: 0 }),
    { random: 0 },
    { kind: "wait", delayMs: 1000 },
  ],
  [
    "a 429 waits a day at most",
    new RateLimitedError("x", { retryAfterMs: 9 * day }),
    { random: 0 },
    { kind: "wait", delayMs: day },
  ],
  [
    "a 429 for a week is a failure",
    new RateLimitedError("x"),
    { attempt: 5, ageMs: 7 * day },
    { kind: "end", state: "failed" },
  ],
])("%s", (_what, error, fields, expected) => {
  expect(afterFailure({ ...failed, error, ...fields })).toMatchObject(expected);
});

test("keeps the words of foreign errors to itself", () => {
  expect(JSON.stringify(afterFailure({ ...failed, error: new Error("hunter2") }))).not.toContain("hunter2");
});
