import { setTimeout as systemSleep } from "node:timers/promises";

import { createBucket, type Bucket } from "./bucket.ts";
import { createFairQueue, type Waiting } from "./fair-queue.ts";
import type { Governor, Lease, Share } from "./governor.ts";
import { leaseBytesAt } from "./lease-size.ts";
import { createLeases } from "./leases.ts";
import { bucketRate, bucketsOf, leastRate, type Limits, lineOf } from "./limits.ts";

export interface MemoryGovernorOptions {
  readonly limits: Limits;
  /** Milliseconds of a clock that never runs backwards. */
  readonly now?: (() => number) | undefined;
  /** Milliseconds since 1970. */
  readonly wallClock?: (() => number) | undefined;
  /** Resolves after `ms`; rejects when `signal` aborts. */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
}

interface Waiter extends Waiting {
  readonly upToBytes: number;
  readonly buckets: readonly string[];
  readonly grant: (lease: Lease) => void;
}

/** How late a change of the limit may be noticed. */
const lookEveryMs = 100;
/** Those who name no share have one together. */
const nobody: Share = { id: "", weight: 1 };

/**
 * The governor of a single process. Who waits is served in fair order; those that wait for the limit of their own registry
 * are passed by others.
 */
export function createMemoryGovernor(options: MemoryGovernorOptions): Governor {
  const { limits } = options;
  const now = options.now ?? (() => performance.now());
  const wallClock = options.wallClock ?? Date.now;
  const sleep = options.sleep ?? ((ms, signal) => systemSleep(ms, undefined, { signal }));
  const buckets = new Map<string, Bucket>();
  const queue = createFairQueue<Waiter>();
  const leases = createLeases((ms, then) => void sleep(ms, new AbortController().signal).then(then));
  let alarm = new AbortController();

  const bucket = (name: string): Bucket => {
    const known = buckets.get(name);
    if (known !== undefined) return known;
    const made = createBucket(bucketRate(limits, name, wallClock()), now());
    buckets.set(name, made);
    return made;
  };

  /** Brings a bucket's rate up to date. */
  const look = (name: string): Bucket => {
    const known = bucket(name);
    const before = known.rate();
    const rate = bucketRate(limits, name, wallClock());
    known.setRate(rate, now());
    if (rate !== undefined && (before === undefined || rate < before)) leases.fell(name, rate);
    return known;
  };

  /** Grants whatever may be granted, then sleeps until the next one may be. Called after every change. */
  const serve = (): void => {
    alarm.abort();
    for (const name of buckets.keys()) look(name);
    const waitOf = (waiter: Waiter): number =>
      Math.max(...waiter.buckets.map((name) => look(name).waitMs(now())));
    let heads = queue.heads();
    for (let next = heads.find((head) => waitOf(head) === 0); next !== undefined;) {
      grant(next, "take");
      heads = queue.heads();
      next = heads.find((head) => waitOf(head) === 0);
    }
    const soonestMs = Math.min(...heads.map(waitOf));
    if (queue.size > 0 || leases.any()) wakeIn(Math.min(soonestMs, lookEveryMs));
  };

  const grant = (waiter: Waiter, how: "take" | "takeBefore"): void => {
    const rate = leastRate(waiter.buckets.map((name) => bucket(name).rate()));
    const sizeBytes = Math.min(waiter.upToBytes, leaseBytesAt(rate));
    const charged = waiter.buckets.filter((name) => bucket(name).rate() !== undefined);
    for (const name of charged) bucket(name)[how](sizeBytes, now());
    queue.serve(waiter, sizeBytes);
    waiter.grant(
      leases.grant(sizeBytes, waiter.buckets, (excessBytes) => {
        for (const name of charged) bucket(name).take(excessBytes, now());
        serve();
      }),
    );
  };

  const wakeIn = (ms: number): void => {
    alarm = new AbortController();
    const { signal } = alarm;
    sleep(ms, signal).then(
      () => {
        if (!signal.aborted) serve();
      },
      () => {},
    );
  };

  return {
    async lease(upToBytes, asked = {}) {
      const { signal, atLatestMs, share = nobody } = asked;
      signal?.throwIfAborted();
      const names = bucketsOf(limits, asked);
      const patience = new AbortController();
      return new Promise<Lease>((resolve, reject) => {
        const leave = (): void => {
          signal?.removeEventListener("abort", abandoned);
          patience.abort();
        };
        const waiter: Waiter = {
          share,
          line: lineOf(names),
          upToBytes,
          buckets: names,
          grant: (lease) => {
            leave();
            resolve(lease);
          },
        };
        const abandoned = (): void => {
          leave();
          queue.remove(waiter);
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", abandoned);
        for (const name of names) bucket(name);
        queue.add(waiter);
        serve();
        if (atLatestMs === undefined || patience.signal.aborted) return;
        sleep(atLatestMs, patience.signal).then(
          () => {
            if (!patience.signal.aborted) grant(waiter, "takeBefore");
          },
          () => {},
        );
      });
    },
    rate: (registry) => leastRate(bucketsOf(limits, { registry }).map((name) => look(name).rate())),
  };
}
