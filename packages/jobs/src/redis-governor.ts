import { randomUUID } from "node:crypto";

import {
  bucketRate,
  bucketsOf,
  createLeases,
  type Governor,
  type Lease,
  leaseBytesAt,
  type LeaseOptions,
  leastRate,
  type Limits,
  lineOf,
} from "@layaway/bandwidth";
import type { Redis } from "ioredis";

import { leaseScript, leaveScript, settleScript } from "./bandwidth-scripts.ts";
import type { FleetClock } from "./fleet-clock.ts";
import type { Keys } from "./keys.ts";
import { runScript } from "./script.ts";
import { createTurns } from "./turns.ts";

/** How long until Redis is asked again where it gave no answer. */
const awayMs = 250;
const nobody = { id: "", weight: 1 };

/**
 * The governor of a fleet. Every lease is taken from buckets in Redis, by one script; who must wait comes back when it was
 * told to, or when the limit rises. While Redis is away nothing is granted where a limit is in force: at most the leases
 * that are out are used up.
 *
 * Who wants several leases of the same limits for one share asks for one after the other, so that a line in Redis holds one
 * ticket for each.
 */
export function createRedisGovernor(options: {
  readonly client: Redis;
  readonly keys: Keys["bandwidth"];
  readonly limits: Limits;
  readonly clock: FleetClock;
}): Governor {
  const { client, limits, clock } = options;
  const { state, line, tickets, finishes, lines } = options.keys;
  const process = randomUUID();
  const turns = createTurns();
  const leases = createLeases();
  let asked = 0;
  /** Those who sleep, to be woken before their time. */
  const sleepers = new Set<() => void>();

  const rateOf = (bucket: string): number | undefined =>
    bucket === "fetch" && clock.override() !== undefined
      ? clock.override()?.bytesPerSecond
      : bucketRate(limits, bucket, clock.nowMs());

  const known = new Map<string, number | undefined>();
  let waiting = 0;
  clock.onHeard(() => {
    for (const [bucket, before] of known) {
      const rate = rateOf(bucket);
      known.set(bucket, rate);
      if (rate === before) continue;
      if (rate !== undefined && (before === undefined || rate < before)) leases.fell(bucket, rate);
      else wakeAll();
    }
    return leases.any() || waiting > 0;
  });
  const wakeAll = (): void => {
    for (const wake of sleepers) wake();
  };

  const grant = (sizeBytes: number, buckets: readonly string[]): Lease => {
    const charged = buckets.filter((bucket) => rateOf(bucket) !== undefined);
    const lease = leases.grant(sizeBytes, buckets, (excessBytes) => {
      if (charged.length === 0) return;
      // Where Redis is away the difference is lost: less than one lease.
      runScript(client, settleScript, [state], [excessBytes, ...charged]).catch(() => {});
    });
    clock.watch();
    return lease;
  };

  /** One lease out of Redis. One that insists is granted when its time has come, even where Redis is away. */
  const take = async (upToBytes: number, buckets: readonly string[], want: LeaseOptions): Promise<Lease> => {
    const { signal, atLatestMs = Number.POSITIVE_INFINITY, share = nobody } = want;
    asked += 1;
    const ticket = `${process}:${asked.toString(36).padStart(8, "0")}`;
    const since = performance.now();
    waiting += 1;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const leftMs = atLatestMs - (performance.now() - since);
        const rates = buckets.flatMap((bucket) => [
          bucket,
          String(bucketRate(limits, bucket, clock.nowMs()) ?? "none"),
        ]);
        const args = [ticket, upToBytes, share.id, share.weight, leftMs <= 0 ? 1 : 0, ...rates];
        const answer = await ask(args);
        if (answer === undefined && leftMs <= 0) return grant(Math.min(upToBytes, leaseBytesAt(0)), buckets);
        if (answer !== undefined && answer.grantedBytes > 0) return grant(answer.grantedBytes, buckets);
        await sleep(Math.min(answer?.waitMs ?? awayMs, Math.max(1, leftMs)), signal);
      }
    } catch (error) {
      const keys = [tickets, `${line}${lineOf(buckets)}`];
      runScript(client, leaveScript, keys, [ticket]).catch(() => {});
      signal?.throwIfAborted();
      throw error;
    } finally {
      waiting -= 1;
    }
  };

  /** Until the time is over or the limit has risen; throws only the signal's reason. */
  const sleep = async (ms: number, signal: AbortSignal | undefined): Promise<void> => {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        sleepers.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      sleepers.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
    signal?.throwIfAborted();
  };

  const ask = async (
    args: readonly (string | number)[],
  ): Promise<{ readonly grantedBytes: number; readonly waitMs: number } | undefined> => {
    try {
      const reply = await runScript(client, leaseScript, [state, line, tickets, finishes, lines], args);
      const [granted, wait, ...rest] = Array.isArray(reply) ? reply.map(String) : [];
      clock.heard(rest);
      return { grantedBytes: Number(granted), waitMs: Number(wait) };
    } catch {
      // The connection tells its errors itself, and heals.
      return undefined;
    }
  };

  return {
    async lease(upToBytes, want = {}) {
      const { signal, share = nobody, atLatestMs } = want;
      signal?.throwIfAborted();
      const buckets = bucketsOf(limits, want);
      await clock.fresh();
      for (const bucket of buckets) if (!known.has(bucket)) known.set(bucket, rateOf(bucket));
      if (leastRate(buckets.map(rateOf)) === undefined)
        return grant(Math.min(upToBytes, leaseBytesAt(undefined)), buckets);
      // Who insists waits behind nobody.
      if (atLatestMs !== undefined) return take(upToBytes, buckets, want);
      return turns.take(`${share.id} ${lineOf(buckets)}`, signal, () => take(upToBytes, buckets, want));
    },
    rate: (registry) => leastRate(bucketsOf(limits, { registry }).map(rateOf)),
  };
}
