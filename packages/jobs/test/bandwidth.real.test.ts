import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { governorConformance } from "@layaway/bandwidth/conformance";
import { describeWithServers, startRedis } from "@layaway/testing";
import { Redis } from "ioredis";
import { expect, test } from "vitest";

import { type Bandwidth, openBandwidth } from "../src/index.ts";
import { redisForFile } from "./open-redis.ts";

describeWithServers("the fleet's governor", ["redis"], () => {
  const redis = redisForFile();
  const processes = 3;

  governorConformance({
    name: "a budget in Redis",
    processes,
    async open(limits) {
      const prefix = randomUUID();
      const opening = { redisUrl: redis.url(), prefix, limits, onError: () => {} };
      const opened = await Promise.all(Array.from({ length: processes }, () => openBandwidth(opening)));
      return {
        governors: opened.map(({ governor }) => governor),
        async close() {
          await Promise.all(opened.map((each) => each.close()));
        },
      };
    },
  });

  test("two hundred archives of eight processes share a limit, and Redis hardly notices", async () => {
    const rate = 16_000_000;
    const prefix = randomUUID();
    const opening = { redisUrl: redis.url(), prefix, limits: { rateAt: () => rate }, onError: () => {} };
    const fleet = await Promise.all(Array.from({ length: 8 }, () => openBandwidth(opening)));
    const client = new Redis(redis.url());
    const cpuSeconds = async (): Promise<number> => {
      const info = await client.info("cpu");
      return ["used_cpu_user", "used_cpu_sys"].reduce(
        (sum, name) => sum + Number(new RegExp(`${name}:([\\d.]+)`).exec(info)?.[1]),
        0,
      );
    };
    const stop = new AbortController();
    const got = new Map<string, number>();
    const work = async ({ governor }: Bandwidth, id: string): Promise<void> => {
      for (;;) {
        const lease = await governor.lease(65_536, { share: { id, weight: 1 }, signal: stop.signal });
        got.set(id, (got.get(id) ?? 0) + lease.sizeBytes);
        lease.end(lease.sizeBytes);
      }
    };
    const working = fleet.flatMap((each, process) =>
      Array.from({ length: 25 }, (_, job) => work(each, `${process}-${job}`).catch(() => {})),
    );
    await delay(2000);
    const before = [...got.values()].reduce((sum, bytes) => sum + bytes, 0);
    const cpuBefore = await cpuSeconds();
    await delay(5000);
    const moved = [...got.values()].reduce((sum, bytes) => sum + bytes, 0) - before;
    expect(moved / 5 / rate).toBeGreaterThan(0.93);
    expect(moved / 5 / rate).toBeLessThan(1.05);
    expect((await cpuSeconds()) - cpuBefore).toBeLessThan(2.5);
    // Nobody starves: 244 leases a second for 200 archives.
    expect(got.size).toBe(200);
    stop.abort();
    await Promise.all(working);
    client.disconnect();
    await Promise.all(fleet.map((each) => each.close()));
  });

  test("goes on where the server's clock was set back, and past tickets that were written before", async () => {
    const prefix = randomUUID();
    const limits = { rateAt: () => 8_000_000 };
    const { governor, close } = await openBandwidth({
      redisUrl: redis.url(),
      prefix,
      limits,
      onError: () => {},
    });
    (await governor.lease(8 << 20)).end(8 << 20);
    const client = new Redis(redis.url());
    const ahead = Date.now() + 600_000;
    await client.hset(`{${prefix}}:bandwidth:state`, "fetch:t", ahead, "fetch:k", -1_000_000);
    await client.hset(
      `{${prefix}}:bandwidth:tickets`,
      "gone",
      JSON.stringify([65_536, ahead, ahead, -1, -1]),
    );
    await client.zadd(`{${prefix}}:bandwidth:line:fetch`, -1, "gone");
    const startedAt = performance.now();
    (await governor.lease(1000)).end(1000);
    expect(performance.now() - startedAt).toBeLessThan(1500);
    client.disconnect();
    await close();
  });

  test("while Redis stands still or is away nothing is granted where a limit is in force; then it goes on, with the override", async () => {
    const rate = 2_000_000;
    const own = await startRedis();
    const limits = { rateAt: () => rate };
    const { governor, override, close } = await openBandwidth({
      redisUrl: own.url,
      limits,
      onError: () => {},
    });
    const stop = new AbortController();
    const grants: { readonly at: number; readonly bytes: number }[] = [];
    const work = async (): Promise<void> => {
      for (;;) {
        const lease = await governor.lease(8 << 20, { signal: stop.signal });
        grants.push({ at: performance.now(), bytes: lease.sizeBytes });
        lease.end(lease.sizeBytes);
      }
    };
    const working = work().catch(() => {});
    await override(1_000_000);
    const bytesBetween = (from: number, to: number): number =>
      grants.reduce((sum, { at, bytes }) => (at >= from && at < to ? sum + bytes : sum), 0);
    await delay(500);
    own.freeze();
    const frozenAt = performance.now();
    await delay(1500);
    expect(bytesBetween(frozenAt + 50, Number.POSITIVE_INFINITY)).toBe(0);
    for (const goOn of [async () => own.thaw(), () => own.restart()]) {
      await goOn();
      const again = performance.now();
      await delay(4000);
      const moved = bytesBetween(again + 1500, again + 4000);
      expect(moved).toBeGreaterThan(1_000_000);
      expect(moved).toBeLessThanOrEqual(2.5 * 1_000_000 * 1.05 + 250_000);
    }
    stop.abort();
    await working;
    await close();
    await own.stop();
  });
});
