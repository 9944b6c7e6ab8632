import { setTimeout as systemSleep } from "node:timers/promises";

import { InvalidRequestError } from "@layaway/errors";

import { createBucket, type Bucket } from "./bucket.ts";
import type { Governor } from "./governor.ts";

export interface MemoryGovernorOptions {
  /** For everything together; absent: unlimited, 0: paused until `setLimit`. */
  readonly limitBytesPerSecond?: number | undefined;
  /** Further limits by registry host. */
  readonly perRegistry?: Readonly<Record<string, number>> | undefined;
  /** Milliseconds of a clock that never runs backwards. */
  readonly now?: (() => number) | undefined;
  /** Resolves after `ms`; rejects when `signal` aborts. */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

/** A governor whose limit can be changed while reservations wait. */
export interface AdjustableGovernor extends Governor {
  /** Takes effect at once, also for those who wait. `undefined` = unlimited, 0 = paused. */
  setLimit(bytesPerSecond: number | undefined): void;
}

interface Waiter {
  readonly sizeBytes: number;
  readonly buckets: readonly Bucket[];
  readonly grant: () => void;
}

/**
 * The governor of a single process. Reservations wait in one queue and are granted in its order; only those that wait for
 * their own registry's limit are passed by others. Throws InvalidRequestError for limits that are not rates.
 */
export function createMemoryGovernor(options: MemoryGovernorOptions = {}): AdjustableGovernor {
  const now = options.now ?? (() => performance.now());
  const sleep = options.sleep ?? ((ms, signal) => systemSleep(ms, undefined, { signal }));
  const overall = createBucket(checked(options.limitBytesPerSecond), now());
  const registries = new Map(
    Object.entries(options.perRegistry ?? {}).map(([host, rate]) => [
      host,
      createBucket(checked(rate), now()),
    ]),
  );
  const queue = new Set<Waiter>();
  let alarm = new AbortController();

  const bucketsFor = (registry: string | undefined): readonly Bucket[] => {
    const own = registry === undefined ? undefined : registries.get(registry);
    return own === undefined ? [overall] : [overall, own];
  };

  /** Grants whatever may be granted, then sleeps until the next one may be. Called after every change. */
  const serve = (): void => {
    alarm.abort();
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const waiter of queue) {
      const waitMs = longestWait(waiter.buckets, now());
      if (waitMs > 0) {
        soonestMs = Math.min(soonestMs, waitMs);
      } else {
        for (const bucket of waiter.buckets) bucket.take(waiter.sizeBytes);
        waiter.grant();
      }
    }
    if (soonestMs < Number.POSITIVE_INFINITY) wakeIn(soonestMs);
  };

  const wakeIn = (ms: number): void => {
    alarm = new AbortController();
    const { signal } = alarm;
    // Timers overflow beyond 2^31 ms and fire at once; an early look costs nothing.
    sleep(Math.min(ms, 60_000), signal).then(
      () => {
        if (!signal.aborted) serve();
      },
      () => {},
    );
  };

  return {
    reserve: async (sizeBytes, { registry, signal } = {}) => {
      signal?.throwIfAborted();
      await new Promise<void>((resolve, reject) => {
        const waiter: Waiter = { sizeBytes, buckets: bucketsFor(registry), grant: () => leave(resolve) };
        const abandoned = (): void => leave(() => reject(signal?.reason));
        const leave = (settle: () => void): void => {
          signal?.removeEventListener("abort", abandoned);
          queue.delete(waiter);
          settle();
        };
        signal?.addEventListener("abort", abandoned);
        queue.add(waiter);
        serve();
      });
    },
    refund: (sizeBytes, { registry } = {}) => {
      for (const bucket of bucketsFor(registry)) bucket.giveBack(sizeBytes, now());
      serve();
    },
    rate: (registry) => {
      const rates = bucketsFor(registry).flatMap((bucket) => bucket.rate() ?? []);
      return rates.length === 0 ? undefined : Math.min(...rates);
    },
    setLimit: (bytesPerSecond) => {
      overall.setRate(checked(bytesPerSecond), now());
      serve();
    },
  };
}

function longestWait(buckets: readonly Bucket[], nowMs: number): number {
  return Math.max(...buckets.map((bucket) => bucket.waitMs(nowMs)));
}

function checked(rate: number | undefined): number | undefined {
  if (rate === undefined || (Number.isFinite(rate) && rate >= 0)) return rate;
  throw new InvalidRequestError(`a bandwidth limit is a number of bytes per second, not ${rate}`);
}
