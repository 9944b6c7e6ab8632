// `npm run bench -- --limits`: what the source sees of a fleet under a limit. Real worker processes over one Redis; every byte
// that leaves the source is counted, with its time, by a relay in front of it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const megabyte = 1_000_000;
const layerBytes = 4 * 1024 ** 3;
const jobsPerWorker = 2;

/**
 * @param {{ root: string, testing: typeof import("@layaway/testing"), startStore: () => Promise<{ endpoint: string, stop: () => Promise<void> }>, seconds: number, workers: number[], limits: number[] }} options
 */
export async function benchFleetRate({ root, testing, startStore, seconds, workers, limits }) {
  const rows = [];
  const changes = [];
  for (const count of workers) {
    for (const limit of limits) {
      const rate = limit * megabyte;
      const fleet = await startFleet({
        root,
        testing,
        startStore,
        workers: count,
        bandwidth: { limit: rate },
      });
      try {
        await fleet.flowing();
        await delay(3000);
        const from = performance.now();
        await delay(seconds * 1000);
        const seen = fleet.between(from, from + seconds * 1000);
        const leaseBytes = Math.min(8 * 1024 ** 2, Math.max(65_536, rate / 4));
        const most = testing.mostInASecond(seen);
        const mean = testing.bytesOf(seen) / seconds;
        rows.push({
          workers: count,
          "limit MB/s": limit,
          "mean %": percent(mean / rate),
          "most in 1 s %": percent(most / rate),
          "allowed %": percent(1.05 + leaseBytes / rate),
          held: most <= rate * 1.05 + leaseBytes && Math.abs(mean / rate - 1) <= 0.02,
        });
        console.log(rows.at(-1));
        if (limit === 8) changes.push(...(await changeLimit(fleet, count)));
      } finally {
        await fleet.stop();
      }
    }
  }
  changes.push(await crossBoundary({ root, testing, startStore, workers: workers.at(-1) ?? 1 }));
  return { rows, changes };
}

/** What flows between one and two seconds after a change was answered. */
async function changeLimit(fleet, workers) {
  const changes = [];
  for (const [before, after] of [
    [8, 2],
    [2, 16],
    [16, 0],
    [0, 8],
  ]) {
    await fleet.setLimit(after * megabyte);
    const at = performance.now();
    await delay(3000);
    changes.push({
      what: `PUT ${before} -> ${after} MB/s`,
      workers,
      ...afterOneSecond(fleet, at, after * megabyte),
    });
    console.log(changes.at(-1));
  }
  return changes;
}

async function crossBoundary(options) {
  const now = new Date();
  const boundary = new Date(Math.ceil((now.getTime() + 20_000) / 60_000) * 60_000);
  const time = boundary.toISOString().slice(11, 16);
  const calendar = [
    { days: "daily", from: time, to: time === "00:00" ? "12:00" : "24:00", limit: 2 * megabyte },
  ];
  const fleet = await startFleet({
    ...options,
    bandwidth: { limit: 16 * megabyte, calendar, timezone: "UTC" },
  });
  try {
    await fleet.flowing();
    await delay(boundary.getTime() - Date.now());
    const at = performance.now();
    await delay(3000);
    const row = {
      what: "calendar 16 -> 2 MB/s",
      workers: options.workers,
      ...afterOneSecond(fleet, at, 2 * megabyte),
    };
    console.log(row);
    return row;
  } finally {
    await fleet.stop();
  }
}

function afterOneSecond(fleet, at, rate) {
  const bytes = fleet.bytesOf(fleet.between(at + 1000, at + 3000)) / 2;
  const leaseBytes = Math.max(65_536, rate / 4);
  // Nothing of a pause; else no more than allowed, and no less than most of it.
  const held =
    rate === 0 ? bytes === 0 : bytes <= rate * 1.05 + leaseBytes / 2 && bytes >= rate * 0.9 - leaseBytes / 2;
  return { "MB/s in the 2nd and 3rd second": Number((bytes / megabyte).toFixed(2)), held };
}

async function startFleet({ root, testing, startStore, workers, bandwidth }) {
  const scratch = await mkdtemp(join(tmpdir(), "layaway-fleet-"));
  const redis = await testing.startRedis();
  const registry = await testing.startFaultRegistry();
  const store = await startStore();
  const relay = await testing.startCountingRelay(Number(registry.host.split(":")[1]));
  const config = join(scratch, "layaway.yaml");
  const settings = {
    destinations: {
      sink: { url: "s3://bucket/fleet", endpoint: store.endpoint, pathStyle: true, checksums: "none" },
    },
    registries: { [relay.host]: { plainHttp: true } },
    worker: { concurrency: jobsPerWorker },
    bandwidth,
  };
  await writeFile(config, JSON.stringify(settings));
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    AWS_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    REDIS_URL: redis.url,
    LAYAWAY_LOG_LEVEL: "info",
  };
  const program = join(root, "apps/cli/bin/layaway.js");
  const start = (...args) =>
    spawn(process.execPath, [program, ...args, "--config", config], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
  const api = start("api", "--port", "0");
  const address = await new Promise((resolve, reject) => {
    let text = "";
    api.stdout.on("data", (chunk) => {
      text += chunk;
      const found = /"address":"([^"]+)"/u.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    api.once("exit", (status) => reject(new Error(`layaway api ended with ${status}`)));
  });
  const children = [api, ...Array.from({ length: workers }, () => start("worker"))];
  for (const child of children) child.stdout.resume();
  for (let job = 0; job < workers * jobsPerWorker; job += 1) {
    // Never read to its end: the digest may be any.
    const digest = `sha256:${job.toString(16).padStart(64, "0")}`;
    const layer = testing.knownGeneratedBlob(`fleet/${job}`, layerBytes, digest);
    testing.putImage(registry, `fleet/${job}`, await testing.makeImage({ layers: [layer] }), ["1"]);
    const response = await fetch(`${address}/v1/archives`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ image: `${relay.host}/fleet/${job}:1` }),
    });
    if (response.status !== 202)
      throw new Error(`POST /v1/archives: ${response.status} ${await response.text()}`);
  }
  return {
    between: relay.between,
    bytesOf: testing.bytesOf,
    async flowing() {
      const since = performance.now();
      while (relay.connections() < Math.min(workers, 2) || relay.between(since, Infinity).length === 0)
        await delay(100);
      // Every worker has started by then.
      await delay(1000 * Math.ceil(workers / 2));
    },
    async setLimit(limit) {
      const response = await fetch(`${address}/v1/bandwidth`, {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ limit }),
      });
      if (!response.ok) throw new Error(`PUT /v1/bandwidth: ${response.status} ${await response.text()}`);
    },
    async stop() {
      for (const child of children) child.kill("SIGKILL");
      const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
      await Promise.all(running.map((child) => once(child, "exit")));
      await relay.stop();
      await registry.stop();
      await store.stop();
      await redis.stop();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

function percent(ratio) {
  return Number((ratio * 100).toFixed(1));
}
