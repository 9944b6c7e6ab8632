import { setTimeout as delay } from "node:timers/promises";

import { bytesOf, describeWithServers, mostInASecond } from "@layaway/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

import { layaway } from "./layaway.ts";
import { type RelayedFleet, startRelayedFleet } from "./relayed-fleet.ts";

const megabyte = 1_000_000;
const limit = 6 * megabyte;
const leaseBytes = limit / 4;

describeWithServers("a fleet of two workers under one limit", ["redis"], () => {
  let fleet: RelayedFleet;

  beforeAll(async () => {
    fleet = await startRelayedFleet({ bandwidth: { limit } });
    await Promise.all([fleet.startWorker(), fleet.startWorker()]);
  });
  afterAll(() => fleet.close());

  const bandwidth = (...args: string[]) => layaway(["bandwidth", ...args], { LAYAWAY_URL: fleet.address });

  it("keeps to it in every second, shares it by priority, tells rates and ETAs that are right, and follows its changes", async () => {
    const { relay, show, ended } = fleet;
    const { id: first } = await fleet.submit("first", 80 * megabyte, 25);
    const others: string[] = [];
    for (const name of ["second", "third"]) others.push((await fleet.submit(name, 60 * megabyte)).id);
    await delay(3000);
    const from = performance.now();
    await delay(10_000);
    const seen = relay.between(from, from + 10_000);
    expect(mostInASecond(seen)).toBeLessThanOrEqual(limit * 1.05 + leaseBytes);
    expect(bytesOf(seen) / 10 / limit).toBeGreaterThan(0.96);
    expect(bytesOf(seen) / 10 / limit).toBeLessThan(1.03);

    // The weights are 4, 1 and 1.
    const heavy = await show(first);
    const askedAt = performance.now();
    expect((heavy.rate ?? 0) / (4 * megabyte)).toBeGreaterThan(0.9);
    expect((heavy.rate ?? 0) / (4 * megabyte)).toBeLessThan(1.1);
    for (const id of others) {
      const { rate = 0 } = await show(id);
      expect(rate / megabyte).toBeGreaterThan(0.85);
      expect(rate / megabyte).toBeLessThan(1.15);
    }
    expect((await ended(first)).state).toBe("completed");
    const tookMs = performance.now() - askedAt;
    // A report is up to a second old, and the last part is stored after its bytes came.
    expect(Math.abs(tookMs - (heavy.etaMs ?? 0))).toBeLessThan(tookMs * 0.1 + 1000);

    // Paused from the command line: after a second nothing moves, and nobody fails of it.
    expect(await bandwidth("--set", "0", "--for", "1h")).toMatchObject({ status: 0 });
    expect((await bandwidth()).stdout).toMatch(
      /^limit +paused, overridden until .*\nconfigured +6\.0 MB\/s\n/u,
    );
    const pausedAt = performance.now();
    await delay(4000);
    expect(bytesOf(relay.between(pausedAt + 1000, Number.POSITIVE_INFINITY))).toBe(0);
    for (const id of others) expect(await show(id)).toMatchObject({ state: "running" });

    await bandwidth("--set", "unlimited");
    for (const id of others) {
      const { state, error, bytes } = await ended(id);
      expect([state, error]).toEqual(["completed", undefined]);
      // Nothing was fetched twice: no attempt was lost, whatever was paused and cut.
      expect(bytes.fetched).toBeLessThan(60 * megabyte * 1.02);
    }
    expect((await bandwidth("--clear", "--json")).stdout).toContain('"limit": 6000000');
  });
});
