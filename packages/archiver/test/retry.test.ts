import { CancelledError, InvalidRequestError } from "@layaway/errors";
import { DestinationUnavailableError } from "@layaway/object-store";
import { describe, expect, it } from "vitest";

import { type RetryPolicy, retrying, storeRetries } from "../src/retry.ts";

function policy(waits: number[], more: Partial<RetryPolicy> = {}): RetryPolicy {
  const sleep = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  return { attempts: 4, firstDelayMs: 100, maxDelayMs: 300, random: () => 1, sleep, ...more };
}

const signal = new AbortController().signal;
const failing = (error: Error, times: number): (() => Promise<string>) => {
  let left = times;
  return () => (left-- > 0 ? Promise.reject(error) : Promise.resolve("done"));
};

describe("retrying", () => {
  it("waits twice as long each time, up to the bound", async () => {
    const waits: number[] = [];
    expect(await retrying(failing(new DestinationUnavailableError("503"), 3), policy(waits), signal)).toBe(
      "done",
    );
    expect(waits).toEqual([100, 200, 300]);
  });

  it("waits at least as long as the other side asked for", async () => {
    const waits: number[] = [];
    const error = new DestinationUnavailableError("503", { retryAfterMs: 5000 });
    await retrying(failing(error, 1), policy(waits), signal);
    expect(waits).toEqual([5000]);
  });

  it("throws at once what a retry does not help, and at last what it did not", async () => {
    const waits: number[] = [];
    await expect(retrying(failing(new InvalidRequestError("no"), 9), policy(waits), signal)).rejects.toThrow(
      "no",
    );
    expect(waits).toEqual([]);
    await expect(
      retrying(failing(new DestinationUnavailableError("away"), 9), policy(waits), signal),
    ).rejects.toThrow("away");
    expect(waits.length).toBe(3);
  });

  it("stops waiting when it is cancelled", async () => {
    const controller = new AbortController();
    const waiting = retrying(
      failing(new DestinationUnavailableError("away", { retryAfterMs: 60_000 }), 9),
      storeRetries,
      controller.signal,
    );
    controller.abort();
    await expect(waiting).rejects.toBeInstanceOf(CancelledError);
  });
});
