import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import {
  type CountingRelay,
  generatedBlob,
  makeImage,
  putImage,
  startCountingRelay,
  startFaultRegistry,
  startRedis,
  type TestImage,
} from "@layaway/testing";

import { type Started, startLayaway } from "./layaway.ts";

/** An archive as the API shows it, as far as tests look at it. */
export interface Shown {
  readonly id: string;
  readonly state: string;
  readonly rate?: number;
  readonly etaMs?: number;
  readonly error?: unknown;
  readonly bytes: { readonly fetched: number };
}

/** An API over a Redis of its own, whose workers fetch through a relay that counts, into a directory. */
export interface RelayedFleet {
  readonly relay: CountingRelay;
  /** Of the API. */
  readonly address: string;
  /** Where archives go. */
  readonly archives: string;
  /** A worker that takes archives. */
  startWorker(): Promise<Started>;
  /** Puts an image of one layer into the registry, and asks for its archive. */
  submit(name: string, sizeBytes: number, priority?: number): Promise<{ id: string; image: TestImage }>;
  show(id: string): Promise<Shown>;
  /** Waits until nothing happens to it any more. */
  ended(id: string): Promise<Shown>;
  close(): Promise<void>;
}

/** `settings` stand beside destination and registry in the configuration. */
export async function startRelayedFleet(settings: object): Promise<RelayedFleet> {
  const [redis, registry] = await Promise.all([startRedis(), startFaultRegistry()]);
  const relay = await startCountingRelay(Number(registry.host.split(":")[1]));
  const directory = await mkdtemp(join(tmpdir(), "layaway-fleet-"));
  const archives = join(directory, "archives");
  const config = join(directory, "layaway.yaml");
  const destinations = { here: { url: `file://${archives}` } };
  const registries = { [relay.host]: { plainHttp: true } };
  await writeFile(config, JSON.stringify({ destinations, registries, ...settings }));
  const processes: Started[] = [];
  const start = (...args: string[]): Started => {
    const started = startLayaway([...args, "--config", config], { REDIS_URL: redis.url });
    processes.push(started);
    return started;
  };
  const line = await start("api", "--port", "0").line(/"address"/u);
  const address = /"address":"([^"]+)"/u.exec(line)?.[1] ?? "";

  const show = async (id: string): Promise<Shown> =>
    (await (await fetch(`${address}/v1/archives/${id}`)).json()) as Shown;
  return {
    relay,
    address,
    archives,
    async startWorker() {
      const worker = start("worker");
      await worker.line(/takes archives/u);
      return worker;
    },
    async submit(name, sizeBytes, priority = 50) {
      const image = await makeImage({ layers: [generatedBlob(name, sizeBytes)] });
      putImage(registry, name, image, ["1"]);
      const response = await fetch(`${address}/v1/archives`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ image: `${relay.host}/${name}:1`, priority }),
      });
      if (response.status !== 202) throw new Error(`POST /v1/archives: ${response.status}`);
      return { id: ((await response.json()) as Shown).id, image };
    },
    show,
    async ended(id) {
      for (;;) {
        const shown = await show(id);
        if (!["queued", "running"].includes(shown.state)) return shown;
        await delay(50);
      }
    },
    async close() {
      for (const started of processes) started.kill("SIGKILL");
      await Promise.all(processes.map(({ ended }) => ended));
      await Promise.all([relay.stop(), registry.stop(), redis.stop()]);
      await rm(directory, { recursive: true });
    },
  };
}
