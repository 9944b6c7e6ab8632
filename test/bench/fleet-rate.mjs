// `npm run bench -- --limits`: what the source sees of a fleet under a limit. Real worker processes over one Redis; every byte
// that leaves the source is counted, with its time, by a relay in front of it.
import { setTimeout as delay } from "node:timers/promises";

import { startFleet } from "./fleet.mjs";

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
      const fleet = await startBusyFleet({
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
  const fleet = await startBusyFleet({
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

/** A fleet that has more to fetch than it can, from a registry behind a relay that counts. */
async function startBusyFleet({ root, testing, startStore, workers, bandwidth }) {
  const registry = await testing.startFaultRegistry();
  const store = await startStore();
  const relay = await testing.startCountingRelay(Number(registry.host.split(":")[1]));
  const fleet = await startFleet({
    root,
    testing,
    endpoint: store.endpoint,
    registry: relay.host,
    workers,
    settings: { worker: { concurrency: jobsPerWorker }, bandwidth },
  });
  for (let job = 0; job < workers * jobsPerWorker; job += 1) {
    // Never read to its end: the digest may be any.
    const digest = `sha256:${job.toString(16).padStart(64, "0")}`;
    const layer = testing.knownGeneratedBlob(`fleet/${job}`, layerBytes, digest);
    testing.putImage(registry, `fleet/${job}`, await testing.makeImage({ layers: [layer] }), ["1"]);
    await fleet.submit(`${relay.host}/fleet/${job}:1`);
  }
  return {
    between: relay.between,
    bytesOf: testing.bytesOf,
    setLimit: fleet.setLimit,
    async flowing() {
      const since = performance.now();
      while (relay.between(since, Infinity).length === 0) await delay(100);
      await delay(2000);
    },
    async stop() {
      await fleet.stop();
      await relay.stop();
      await registry.stop();
      await store.stop();
    },
  };
}

function percent(ratio) {
  return Number((ratio * 100).toFixed(1));
}
