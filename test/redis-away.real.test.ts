import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  describeWithServers,
  type FaultRegistry,
  makeImage,
  putImage,
  type RedisServer,
  startFaultRegistry,
  startRedis,
} from "@layaway/testing";
import { afterEach, beforeEach, expect, it } from "vitest";

import { layaway, type Started, startLayaway } from "./layaway.ts";

describeWithServers("a signal while Redis is away", ["redis"], () => {
  let redis: RedisServer;
  let registry: FaultRegistry;
  let directory: string;
  let env: Record<string, string>;

  beforeEach(async () => {
    [redis, registry] = await Promise.all([startRedis(), startFaultRegistry()]);
    directory = await mkdtemp(join(tmpdir(), "layaway-redis-away-"));
    const config = join(directory, "layaway.yaml");
    await writeFile(
      config,
      JSON.stringify({
        destinations: { local: { url: `file://${directory}/archives` } },
        defaultDestination: "local",
        registries: { [registry.host]: { plainHttp: true } },
      }),
    );
    env = { LAYAWAY_CONFIG: config, REDIS_URL: redis.url };
  });
  afterEach(async () => {
    await Promise.all([redis.stop(), registry.stop()]);
    await rm(directory, { recursive: true });
  });

  /** The exit status, and how long the process lived on after the signal. */
  async function terminate(service: Started): Promise<{ status: number | null; afterMs: number }> {
    const begin = performance.now();
    service.kill("SIGTERM");
    const { status } = await service.ended;
    return { status, afterMs: performance.now() - begin };
  }

  it("ends layaway worker within 10 s", async () => {
    const service = startLayaway(["worker"], env);
    await service.line(/"the worker takes archives"/);
    await redis.stop();
    await service.line(/ECONNREFUSED/);
    const { status, afterMs } = await terminate(service);
    expect(status).toBe(0);
    expect(afterMs).toBeLessThan(10_000);
  });

  it("ends layaway serve within 10 s, in the middle of an archive too", async () => {
    putImage(registry, "team/app", await makeImage({ layers: [{ sizeBytes: 50_000 }] }), ["1"]);
    registry.inject({ on: "blob", stallAfter: 1000, times: 100 });
    const service = startLayaway(["serve", "--port", "0"], env);
    const line = await service.line(/"the API listens"/);
    const { address } = JSON.parse(line) as { address: string };
    const submitted = await layaway(["submit", `${registry.host}/team/app:1`], { LAYAWAY_URL: address });
    expect(submitted.status).toBe(0);
    await service.line(/"archiving"/);
    await redis.stop();
    await service.line(/ECONNREFUSED/);
    const { status, afterMs } = await terminate(service);
    expect(status).toBe(0);
    expect(afterMs).toBeLessThan(10_000);
  });
});
