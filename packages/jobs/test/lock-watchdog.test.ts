import { CancelledError } from "@layaway/errors";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { createLockWatchdog, type LockWatchdog } from "../src/lock-watchdog.ts";

let nowMs = 0;
let watchdog: LockWatchdog;

beforeEach(() => {
  vi.useFakeTimers();
  nowMs = 0;
  watchdog = createLockWatchdog(1000, () => nowMs);
});

afterEach(() => {
  watchdog.close();
  vi.useRealTimers();
});

function pass(ms: number): void {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
}

test("lets go of a job whose lock was not renewed, and of no other", () => {
  const forgotten = watchdog.watch("a");
  const renewed = watchdog.watch("b");
  pass(900);
  watchdog.renewed(["b", "unknown"]);
  pass(200);
  expect(forgotten.signal.aborted).toBe(true);
  expect(forgotten.signal.reason).toBeInstanceOf(CancelledError);
  expect(renewed.signal.aborted).toBe(false);
});

test("sees on waking that the process stood still", () => {
  const { signal } = watchdog.watch("a");
  nowMs += 60_000;
  vi.advanceTimersByTime(100);
  expect(signal.aborted).toBe(true);
});

test("forgets a job that ended, but not the one that has begun anew under its id", () => {
  const first = watchdog.watch("a");
  const second = watchdog.watch("a");
  first.end();
  pass(1200);
  expect(first.signal.aborted).toBe(false);
  expect(second.signal.aborted).toBe(true);
});

test("aborts all at once with the reason it is given", () => {
  const jobs = [watchdog.watch("a"), watchdog.watch("b")];
  const reason = new CancelledError("the worker is closing");
  watchdog.abortAll(reason);
  expect(jobs.map(({ signal }) => signal.reason)).toEqual([reason, reason]);
});
