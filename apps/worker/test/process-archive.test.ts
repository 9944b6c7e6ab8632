import { once } from "node:events";

import type { ArchiveProgress } from "@layaway/jobs";
import { InternalError } from "@layaway/errors";
import { Registry } from "prom-client";
import { describe, expect, it, vi } from "vitest";

import { processArchive } from "../src/process-archive.ts";
import type { ArchiveOne } from "../src/worker-deps.ts";
import { createWorkerMetrics } from "../src/worker-metrics.ts";
import { digest, events, record, result, silent } from "./records.ts";

function run(archive: ArchiveOne, stepMs = 1000, fetchedBefore = 0) {
  const registry = new Registry();
  const reports: ArchiveProgress[] = [];
  let at = 0;
  const now = () => (at += stepMs);
  const process = processArchive({ archive, logger: silent }, createWorkerMetrics("0.0.0", registry), now);
  const signal = new AbortController().signal;
  const outcome = process({
    record,
    attempt: 1,
    fetchedBefore,
    signal,
    report: (progress) => void reports.push(progress),
  });
  return { outcome, reports, registry, signal };
}

const archiveAll: ArchiveOne = async ({ onEvent }) => {
  for (const event of events) onEvent(event);
  return result;
};

describe("a job", () => {
  it("ends with what the catalogue and the receipt hold", async () => {
    expect(await run(archiveAll).outcome).toEqual({
      digest,
      platform: "linux/amd64",
      key: "nginx.tar",
      size: 1000,
      etag: "e1",
      layers: result.layers,
      bytes: { total: 1000, done: 1000, fetched: 900, reused: 100 },
    });
  });

  it("hands record and signal on", async () => {
    const tasks: unknown[] = [];
    const { outcome, signal } = run(async (task) => {
      tasks.push([task.record, task.signal]);
      return result;
    });
    await outcome;
    expect(tasks).toEqual([[record, signal]]);
  });

  it("tells digest, key and size as soon as they are known", async () => {
    const { outcome, reports } = run(archiveAll);
    await outcome;
    expect(reports[0]).toEqual({
      digest,
      key: "nginx.tar",
      size: 1000,
      bytes: { total: 1000, done: 0, fetched: 0, reused: 0 },
      rate: 0,
    });
    expect(reports.at(-1)?.bytes).toEqual({ total: 1000, done: 1000, fetched: 900, reused: 100 });
  });

  it("counts what earlier attempts fetched, and tells what it fetched itself where it fails", async () => {
    expect((await run(archiveAll, 1000, 70).outcome).bytes?.fetched).toBe(970);
    const { outcome, reports } = run(
      async ({ onEvent }) => {
        for (let piece = 0; piece < 5; piece += 1) onEvent({ kind: "fetched", blob: digest, sizeBytes: 10 });
        throw new InternalError("x");
      },
      1,
      70,
    );
    await expect(outcome).rejects.toThrow(InternalError);
    expect(reports.at(-1)?.bytes?.fetched).toBe(120);
  });

  it("tells a rate that a clock on the wall that is set back does not change", async () => {
    vi.useFakeTimers({ toFake: ["Date", "performance", "setInterval", "clearInterval"] });
    try {
      const reports: ArchiveProgress[] = [];
      const archive: ArchiveOne = async ({ onEvent }) => {
        for (const event of events.filter(({ kind }) => kind === "planned")) onEvent(event);
        for (let piece = 0; piece < 40; piece += 1) {
          vi.advanceTimersByTime(250);
          if (piece === 20) vi.setSystemTime(Date.now() - 3_600_000);
          onEvent({ kind: "fetched", blob: digest, sizeBytes: 10 });
        }
        return result;
      };
      const process = processArchive(
        { archive, logger: silent },
        createWorkerMetrics("0.0.0", new Registry()),
      );
      const { signal } = new AbortController();
      const report = (progress: ArchiveProgress): void => void reports.push(progress);
      await process({ record, attempt: 1, fetchedBefore: 0, signal, report });
      expect(reports.length).toBeGreaterThan(15);
      expect(reports.at(-1)?.rate).toBe(40);
    } finally {
      vi.useRealTimers();
    }
  });

  it("does not report every piece of a body", async () => {
    const { outcome, reports } = run(async ({ onEvent }) => {
      for (let piece = 0; piece < 1000; piece += 1) onEvent({ kind: "fetched", blob: digest, sizeBytes: 1 });
      return result;
    }, 1);
    await outcome;
    expect(reports.length).toBeGreaterThan(1);
    expect(reports.length).toBeLessThan(10);
  });

  it("counts bytes, parts and retries under the destination", async () => {
    const { outcome, registry } = run(archiveAll);
    await outcome;
    const text = await registry.metrics();
    expect(text).toContain('layaway_worker_fetched_bytes_total{destination="models"} 900');
    expect(text).toContain('layaway_worker_stored_bytes_total{destination="models",from="registry"} 900');
    expect(text).toContain('layaway_worker_stored_bytes_total{destination="models",from="store"} 100');
    expect(text).toContain('layaway_worker_parts_total{destination="models"} 1');
    expect(text).toContain('layaway_worker_retries_total{what="store"} 1');
  });

  it("is counted as running until it ends, also when it fails", async () => {
    const gate = new AbortController();
    const { outcome, registry } = run(async () => {
      await once(gate.signal, "abort");
      throw new InternalError("x");
    });
    expect(await registry.metrics()).toContain("layaway_worker_running 1");
    gate.abort();
    await expect(outcome).rejects.toThrow(InternalError);
    expect(await registry.metrics()).toContain("layaway_worker_running 0");
  });
});
