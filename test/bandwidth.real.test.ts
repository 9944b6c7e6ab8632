import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import {
  bytesOf,
  type CountingRelay,
  describeWithServers,
  type FaultRegistry,
  generatedBlob,
  makeImage,
  mostInASecond,
  putImage,
  type RedisServer,
  startCountingRelay,
  startFaultRegistry,
  startRedis,
} from "@layaway/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

import { layaway, type Started, startLayaway } from "./layaway.ts";

const megabyte = 1_000_000;
const limit = 6 * megabyte;
const leaseBytes = limit / 4;

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly rate?: number;
  readonly etaMs?: number;
  readonly error?: unknown;
  readonly bytes: { readonly fetched: number };
}

describeWithServers("a fleet of two workers under one limit", ["redis"], () => {
  let redis: RedisServer;
  let registry: FaultRegistry;
  let relay: CountingRelay;
  let directory: string;
  let processes: Started[];
  let address: string;

  beforeAll(async () => {
    [redis, registry] = await Promise.all([startRedis(), startFaultRegistry()]);
    relay = await startCountingRelay(Number(registry.host.split(":")[1]));
    directory = await mkdtemp(join(tmpdir(), "layaway-limit-"));
    const config = join(directory, "layaway.yaml");
    await writeFile(
      config,
      JSON.stringify({
        destinations: { here: { url: `file://${directory}/archives` } },
        registries: { [relay.host]: { plainHttp: true } },
        bandwidth: { limit },
      }),
    );
    const env = { REDIS_URL: redis.url };
    const api = startLayaway(["api", "--config", config, "--port", "0"], env);
    const line = await api.line(/"address"/u);
    address = /"address":"([^"]+)"/u.exec(line)?.[1] ?? "";
    const workers = [0, 1].map(() => startLayaway(["worker", "--config", config], env));
    await Promise.all(workers.map((worker) => worker.line(/takes archives/u)));
    processes = [api, ...workers];
  });
  afterAll(async () => {
    for (const started of processes) started.kill("SIGKILL");
    await Promise.all(processes.map(({ ended }) => ended));
    await Promise.all([relay.stop(), registry.stop(), redis.stop()]);
    await rm(directory, { recursive: true });
  });

  const submit = async (name: string, sizeBytes: number, priority: number): Promise<string> => {
    const image = await makeImage({ layers: [generatedBlob(name, sizeBytes)] });
    putImage(registry, name, image, ["1"]);
    const response = await fetch(`${address}/v1/archives`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ image: `${relay.host}/${name}:1`, priority }),
    });
    expect(response.status).toBe(202);
    return ((await response.json()) as Shown).id;
  };
  const show = async (id: string): Promise<Shown> =>
    (await (await fetch(`${address}/v1/archives/${id}`)).json()) as Shown;
  const ended = async (id: string): Promise<Shown> => {
    for (;;) {
      const shown = await show(id);
      if (!["queued", "running"].includes(shown.state)) return shown;
      await delay(50);
    }
  };
  const bandwidth = (...args: string[]) => layaway(["bandwidth", ...args], { LAYAWAY_URL: address });

  it("keeps to it in every second, shares it by priority, tells rates and ETAs that are right, and follows its changes", async () => {
    const first = await submit("first", 80 * megabyte, 25);
    const others = [await submit("second", 60 * megabyte, 50), await submit("third", 60 * megabyte, 50)];
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
