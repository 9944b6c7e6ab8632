import { randomUUID } from "node:crypto";
import { setTimeout as systemSleep } from "node:timers/promises";

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
 * told to. While Redis is away nothing is granted where a limit is in force: at most the leases that are out are used up.
 *
 * Shares that want several leases at once ask for one after the other, so that the line in Redis holds one ticket for each.
 */
export function createRedisGovernor(options: {
  readonly client: Redis;
  readonly keys: Keys["bandwidth"];
  readonly limits: Limits;
  readonly clock: FleetClock;
}): Governor {
  const { client, limits, clock } = options;
  const { state, queue, tickets, finishes } = options.keys;
  const process = randomUUID();
  const turns = createTurns();
  const leases = createLeases();
  let asked = 0;

  const rateOf = (bucket: string): number | undefined =>
    bucket === "fetch" && clock.override() !== undefined
      ? clock.override()?.bytesPerSecond
      : bucketRate(limits, bucket, clock.nowMs());

  const known = new Map<string, number | undefined>();
  clock.onHeard(() => {
    for (const [bucket, before] of known) {
      const rate = rateOf(bucket);
      known.set(bucket, rate);
      if (rate !== undefined && (before === undefined || rate < before)) leases.fell(bucket, rate);
    }
    return leases.any();
  });

  const grant = (sizeBytes: number, buckets: readonly string[]): Lease => {
    for (const bucket of buckets) known.set(bucket, rateOf(bucket));
    const lease = leases.grant(sizeBytes, buckets, (excessBytes) => {
      // Where Redis is away the difference is lost: less than one lease.
      runScript(client, settleScript, [state], [excessBytes, ...buckets]).catch(() => {});
    });
    clock.watch();
    return lease;
  };

  /** One lease out of Redis; `undefined` where its time came while Redis was away. */
  const take = async (upToBytes: number, buckets: readonly string[], want: LeaseOptions): Promise<Lease> => {
    const { signal, atLatestMs = Number.POSITIVE_INFINITY, share = nobody } = want;
    asked += 1;
    const ticket = `${process}:${asked.toString(36).padStart(8, "0")}`;
    const since = performance.now();
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
        await systemSleep(Math.min(answer?.waitMs ?? awayMs, Math.max(1, leftMs)), undefined, { signal });
      }
    } catch (error) {
      runScript(client, leaveScript, [state, queue, tickets], [ticket]).catch(() => {});
      signal?.throwIfAborted();
      throw error;
    }
  };

  const ask = async (
    args: readonly (string | number)[],
  ): Promise<{ readonly grantedBytes: number; readonly waitMs: number } | undefined> => {
    try {
      const reply = await runScript(client, leaseScript, [state, queue, tickets, finishes], args);
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
      const { signal, share = nobody } = want;
      signal?.throwIfAborted();
      const buckets = bucketsOf(limits, want);
      await clock.fresh();
      if (leastRate(buckets.map(rateOf)) === undefined)
        return grant(Math.min(upToBytes, leaseBytesAt(undefined)), buckets);
      return turns.take(share.id, signal, () => take(upToBytes, buckets, want));
    },
    rate: (registry) => leastRate(bucketsOf(limits, { registry }).map(rateOf)),
  };
}
