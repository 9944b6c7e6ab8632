import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
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
  putImage,
  type RedisServer,
  startCountingRelay,
  startFaultRegistry,
  startRedis,
} from "@layaway/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

import { type Started, startLayaway } from "./layaway.ts";

const mebibyte = 1024 * 1024;
const layerBytes = 100 * mebibyte;
const partBytes = 5 * mebibyte;
const partsInFlight = 2;

describeWithServers("a worker that is told to stop in the middle of a layer", ["redis"], () => {
  let redis: RedisServer;
  let registry: FaultRegistry;
  let relay: CountingRelay;
  let directory: string;
  const processes: Started[] = [];

  beforeAll(async () => {
    [redis, registry] = await Promise.all([startRedis(), startFaultRegistry()]);
    relay = await startCountingRelay(Number(registry.host.split(":")[1]));
    directory = await mkdtemp(join(tmpdir(), "layaway-handover-"));
  });
  afterAll(async () => {
    for (const started of processes) started.kill("SIGKILL");
    await Promise.all(processes.map(({ ended }) => ended));
    await Promise.all([relay.stop(), registry.stop(), redis.stop()]);
    await rm(directory, { recursive: true });
  });

  it("hands its archive over within 10 s, and another goes on at the same part", async () => {
    const config = join(directory, "layaway.yaml");
    await writeFile(
      config,
      JSON.stringify({
        destinations: { here: { url: `file://${directory}/archives` } },
        registries: { [relay.host]: { plainHttp: true } },
        worker: { partSize: partBytes, partsInFlight },
        bandwidth: { limit: 10_000_000 },
      }),
    );
    const start = (...args: string[]): Started => {
      const started = startLayaway([...args, "--config", config], { REDIS_URL: redis.url });
      processes.push(started);
      return started;
    };
    const address =
      /"address":"([^"]+)"/u.exec(await start("api", "--port", "0").line(/"address"/u))?.[1] ?? "";
    const first = start("worker");
    await first.line(/takes archives/u);
    const image = await makeImage({ layers: [generatedBlob("handover", layerBytes)] });
    putImage(registry, "app", image, ["1"]);
    const submitted = await fetch(`${address}/v1/archives`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ image: `${relay.host}/app:1` }),
    });
    const { id } = (await submitted.json()) as { id: string };
    while (bytesOf(relay.between(0, Number.POSITIVE_INFINITY)) < 25 * mebibyte) await delay(50);

    const toldAt = performance.now();
    first.kill("SIGTERM");
    await first.ended;
    expect(performance.now() - toldAt).toBeLessThan(10_000);
    start("worker");

    const ended = async (): Promise<{ state: string }> => {
      for (;;) {
        const shown = (await (await fetch(`${address}/v1/archives/${id}`)).json()) as { state: string };
        if (!["queued", "running"].includes(shown.state)) return shown;
        await delay(100);
      }
    };
    expect(await ended()).toMatchObject({ state: "completed", digest: image.digest });
    const moved = bytesOf(relay.between(0, Number.POSITIVE_INFINITY));
    // Once all of it, what was in flight again (with the part that was being filled), and some headers.
    expect(moved).toBeLessThan(layerBytes + (partsInFlight + 1) * partBytes + mebibyte);
    expect(await readdir(join(directory, "archives", ".layaway-store", "uploads")).catch(() => [])).toEqual(
      [],
    );
    expect(await readdir(join(directory, "archives", ".layaway", "uploads")).catch(() => [])).toEqual([]);
  });
});
