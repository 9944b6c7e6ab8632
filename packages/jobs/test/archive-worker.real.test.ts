import { randomUUID } from "node:crypto";
import { LayawayError } from "@layaway/errors";
import type { Archive, ArchiveState } from "@layaway/ledger";
import { describeWithServers } from "@layaway/testing";
import { afterEach, expect, test, vi } from "vitest";

import {
  type ArchiveOutcome,
  type ArchiveWork,
  type ArchiveWorkerOptions,
  type Jobs,
  openJobs,
  startArchiveWorker,
} from "../src/index.ts";
import { archiveRequest } from "./archive-requests.ts";
import { gate } from "./gate.ts";
import { Opened, redisForFile } from "./open-redis.ts";

class RateLimitedError extends LayawayError {
  readonly code = "rate_limited";
  readonly side = "source";
  readonly retryable = true;
}

class SourceUnavailableError extends LayawayError {
  readonly code = "source_unavailable";
  readonly side = "source";
  readonly retryable = true;
}

class ManifestUnknownError extends LayawayError {
  readonly code = "manifest_unknown";
  readonly side = "source";
  readonly retryable = false;
}

describeWithServers("the archive worker", ["redis"], () => {
  const redis = redisForFile();
  const opened = new Opened();
  afterEach(() => opened.close());

  async function open(prefix: string): Promise<Jobs> {
    return opened.add(openJobs({ redisUrl: redis.url(), prefix, onError: () => {} }));
  }

  function start(
    prefix: string,
    options: Partial<ArchiveWorkerOptions>,
  ): ReturnType<typeof startArchiveWorker> {
    return opened.add(
      startArchiveWorker({
        redisUrl: redis.url(),
        prefix,
        process: async () => ({}),
        onSettled: async () => {},
        onError: () => {},
        timing: { retryBaseMs: 10, rateLimitedMs: 100, settleBaseMs: 10, reportMs: 1 },
        ...options,
      }),
    );
  }

  async function reached(jobs: Jobs, id: string, state: ArchiveState): Promise<Archive> {
    return vi.waitFor(
      async () => {
        const archive = await jobs.get(id);
        expect(archive?.state).toBe(state);
        if (archive === undefined) throw new Error("no archive");
        return archive;
      },
      { timeout: 10_000, interval: 20 },
    );
  }

  test("carries a request from queued over running to completed, with its progress and its receipt's details", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    expect(await jobs.enqueue(record)).toMatchObject({ id: record.id, state: "queued" });
    const held = gate();
    const paused = gate();
    const settled: unknown[] = [];
    await start(prefix, {
      process: async (work) => {
        work.report({
          digest: "sha256:aa",
          bytes: { total: 10, done: 4, fetched: 4, reused: 0 },
          rate: 5,
          etaMs: 9,
        });
        await paused.opened;
        work.report({ rate: 0 });
        await held.opened;
        return {
          key: "team/app.tar",
          size: 10,
          bytes: { total: 10, done: 10, fetched: 10, reused: 0 },
          etag: "e1",
          layers: [{ digest: "sha256:bb", mediaType: "x", size: 3, offset: 7 }],
        };
      },
      onSettled: async (archive, request, details) => {
        settled.push([(await jobs.get(record.id))?.state, archive, request, details]);
      },
    });
    const running = await vi.waitFor(async () => {
      const archive = await jobs.get(record.id);
      expect(archive).toMatchObject({ state: "running", digest: "sha256:aa", rate: 5, etaMs: 9 });
      return archive;
    });
    expect(running?.startedAt).toBeDefined();
    paused.open();
    const standing = await vi.waitFor(async () => {
      const archive = await jobs.get(record.id);
      expect(archive).toMatchObject({ state: "running", digest: "sha256:aa", rate: 0 });
      return archive;
    });
    expect(standing).not.toHaveProperty("etaMs");
    held.open();
    const archive = await reached(jobs, record.id, "completed");
    expect(archive).toMatchObject({
      digest: "sha256:aa",
      key: "team/app.tar",
      size: 10,
      bytes: { done: 10 },
    });
    expect(archive).not.toHaveProperty("rate");
    expect(archive).not.toHaveProperty("etaMs");
    expect(settled).toEqual([
      [
        "running",
        archive,
        record,
        { etag: "e1", layers: [{ digest: "sha256:bb", mediaType: "x", size: 3, offset: 7 }] },
      ],
    ]);
  });

  test("waits after a 429 without using up an attempt", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1, { createdAt: new Date().toISOString() });
    await jobs.enqueue(record);
    const attempts: number[] = [];
    await start(prefix, {
      process: async ({ attempt }) => {
        attempts.push(attempt);
        if (attempts.length <= 6) throw new RateLimitedError("GET: 429");
        return {};
      },
    });
    expect((await reached(jobs, record.id, "waiting")).error).toMatchObject({
      code: "rate_limited",
      side: "source",
    });
    expect(await reached(jobs, record.id, "completed")).not.toHaveProperty("error");
    expect(attempts).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  test("tries again after errors that may pass, five times at most, then fails and says why", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    const attempts: number[] = [];
    const told: Archive[] = [];
    await start(prefix, {
      process: async ({ attempt }) => {
        attempts.push(attempt);
        throw new SourceUnavailableError("GET https://registry.example.com/v2/: 503");
      },
      onSettled: async (archive) => void told.push(archive),
    });
    const archive = await reached(jobs, record.id, "failed");
    expect(attempts).toEqual([1, 2, 3, 4, 5]);
    expect(archive.error).toMatchObject({ code: "source_unavailable", retryable: true });
    expect(told).toEqual([archive]);
  });

  test("tells an attempt what the earlier ones fetched, to the last byte", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await jobs.enqueue(archiveRequest(1));
    const before: number[] = [];
    await start(prefix, {
      timing: { retryBaseMs: 10, reportMs: 60_000 },
      process: async ({ fetchedBefore, attempt, report }) => {
        before.push(fetchedBefore);
        const bytes = { total: 10, done: 0, reused: 0 };
        report({ bytes: { ...bytes, fetched: fetchedBefore + 1 } });
        report({ bytes: { ...bytes, fetched: fetchedBefore + 7 } });
        if (attempt < 3) throw new SourceUnavailableError("GET https://registry.example.com/v2/: 503");
        return {};
      },
    });
    await reached(jobs, archiveRequest(1).id, "completed");
    expect(before).toEqual([0, 7, 14]);
  });

  test("fails at once for what no retry can heal", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    const attempts: number[] = [];
    await start(prefix, {
      process: async ({ attempt }) => {
        attempts.push(attempt);
        throw new ManifestUnknownError("GET manifest: 404");
      },
    });
    expect((await reached(jobs, record.id, "failed")).error?.code).toBe("manifest_unknown");
    expect(attempts).toEqual([1]);
  });

  test("does not tell of an error that is none of ours in its words", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    await start(prefix, { process: () => Promise.reject(new Error("password=hunter2")) });
    expect(JSON.stringify(await reached(jobs, record.id, "failed"))).not.toContain("hunter2");
  });

  test("tells again, in the same words and without another attempt, when telling failed", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    let attempts = 0;
    const told: string[] = [];
    await start(prefix, {
      process: async () => {
        attempts += 1;
        return { key: `key-${attempts}` };
      },
      onSettled: async (...everything) => {
        told.push(JSON.stringify(everything));
        if (told.length < 4) throw new SourceUnavailableError("PUT receipt: 503");
      },
    });
    await reached(jobs, record.id, "completed");
    expect(attempts).toBe(1);
    expect(told).toHaveLength(4);
    expect(new Set(told).size).toBe(1);
  });

  test("shares the queue with another worker, each archive done once", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const records = Array.from({ length: 12 }, (_, number) => archiveRequest(number));
    for (const record of records) await jobs.enqueue(record);
    const done: string[] = [];
    const workers = new Set<string>();
    for (const name of ["one", "two"]) {
      await start(prefix, {
        concurrency: 1,
        process: async ({ record }) => {
          done.push(record.id);
          workers.add(name);
          await vi.waitFor(() => expect(workers.size).toBe(2), { timeout: 10_000 });
          return {};
        },
      });
    }
    await vi.waitFor(async () => expect((await jobs.counts()).completed).toBe(12), { timeout: 10_000 });
    expect(done.toSorted()).toEqual(records.map(({ id }) => id));
  });

  test("hands a job back when it closes, and another worker goes on with no attempt used", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    const begun = gate();
    const first = await start(prefix, {
      process: ({ signal }) => {
        begun.open();
        return new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
    });
    await begun.opened;
    await first.close({ graceMs: 50 });
    expect((await jobs.get(record.id))?.state).toBe("queued");
    const attempts: number[] = [];
    await start(prefix, {
      process: async ({ attempt }) => {
        attempts.push(attempt);
        return {};
      },
    });
    await reached(jobs, record.id, "completed");
    expect(attempts).toEqual([1]);
  });

  test("lets a job at work finish within the grace", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    const begun = gate();
    const held = gate();
    const worker = await start(prefix, {
      process: async () => {
        begun.open();
        await held.opened;
        return {};
      },
    });
    await begun.opened;
    const closing = worker.close({ graceMs: 10_000 });
    held.open();
    await closing;
    expect((await jobs.get(record.id))?.state).toBe("completed");
  });

  test("does not do an archive again that ended, though it is enqueued again", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    let attempts = 0;
    await start(prefix, {
      process: async () => {
        attempts += 1;
        return {};
      },
    });
    await reached(jobs, record.id, "completed");
    expect((await jobs.enqueue(record)).state).toBe("completed");
    const next = archiveRequest(2);
    await jobs.enqueue(next);
    await reached(jobs, next.id, "completed");
    expect(attempts).toBe(2);
  });

  test("takes out an archive that its workers die of, before it is begun once more", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    // BullMQ's count of stalls, as ten dead workers and one more leave it.
    await redis.server().command("HSET", `{${prefix}}:archives:${record.id}`, "stc", "11");
    let attempts = 0;
    await start(prefix, {
      process: async () => {
        attempts += 1;
        return {};
      },
    });
    expect((await reached(jobs, record.id, "failed")).error?.code).toBe("crash_loop");
    expect(attempts).toBe(0);
  });

  test("does not let an attempt speak whose job has passed to another worker", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const record = archiveRequest(1);
    await jobs.enqueue(record);
    const works: ArchiveWork[] = [];
    const held = gate();
    const process = async (work: ArchiveWork): Promise<ArchiveOutcome> => {
      works.push(work);
      await held.opened;
      return { key: `key-${works.indexOf(work)}` };
    };
    const locks = { lockMs: 400, watchdogMs: 60_000, stalledMs: 100 };
    await start(prefix, { process, locks, concurrency: 1 });
    await vi.waitFor(() => expect(works).toHaveLength(1));
    // The first worker's lock is taken away behind its back, and it does not notice.
    await redis.server().command("SET", `{${prefix}}:archives:${record.id}:lock`, "nobody", "PX", "1");
    await start(prefix, { process, locks, concurrency: 1 });
    await vi.waitFor(() => expect(works).toHaveLength(2), { timeout: 10_000 });
    works[1]?.report({ digest: "sha256:second" });
    await vi.waitFor(async () =>
      expect(await jobs.get(record.id)).toMatchObject({ digest: "sha256:second" }),
    );
    works[0]?.report({ digest: "sha256:first" });
    held.open();
    expect(await reached(jobs, record.id, "completed")).toMatchObject({ digest: "sha256:second" });
  });

  test("keeps only so many ended archives, the newest", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await start(prefix, { concurrency: 1, keepArchives: 3 });
    for (let number = 1; number <= 6; number += 1) {
      await jobs.enqueue(archiveRequest(number));
      await reached(jobs, archiveRequest(number).id, "completed");
    }
    expect((await jobs.list()).items.map(({ id }) => id)).toEqual(
      [6, 5, 4].map((number) => archiveRequest(number).id),
    );
    expect((await jobs.counts()).completed).toBe(3);
    expect(await jobs.get(archiveRequest(1).id)).toBeUndefined();
  });
});
