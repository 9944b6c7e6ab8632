import { randomUUID } from "node:crypto";
import { InvalidRequestError } from "@layaway/errors";
import { describeWithServers } from "@layaway/testing";
import { afterEach, expect, test } from "vitest";

import { type Jobs, type ListQuery, openJobs } from "../src/index.ts";
import { archiveRequest } from "./archive-requests.ts";
import { Opened, redisForFile } from "./open-redis.ts";

describeWithServers("the catalogue", ["redis"], () => {
  const redis = redisForFile();
  const opened = new Opened();
  afterEach(() => opened.close());

  function open(): Promise<Jobs> {
    return opened.add(openJobs({ redisUrl: redis.url(), prefix: randomUUID(), onError: () => {} }));
  }

  test("shows what was asked for", async () => {
    const jobs = await open();
    const record = archiveRequest(1, { labels: { team: "a" } });
    const archive = await jobs.enqueue(record);
    expect(await jobs.get(record.id)).toEqual(archive);
    expect(archive).toEqual({
      id: record.id,
      state: "queued",
      image: record.image,
      platform: "linux/amd64",
      destination: "models",
      bytes: { total: 0, done: 0, fetched: 0, reused: 0 },
      labels: { team: "a" },
      createdAt: record.createdAt,
    });
    expect(await jobs.get(archiveRequest(2).id)).toBeUndefined();
  });

  test("pages newest first without gaps or repeats, though many were made in one millisecond", async () => {
    const jobs = await open();
    const createdAt = "2026-02-02T00:00:00.000Z";
    const records = Array.from({ length: 23 }, (_, number) =>
      archiveRequest(number, number < 15 ? { createdAt } : { createdAt: `2026-02-03T00:00:00.0${number}Z` }),
    );
    for (const record of records) await jobs.enqueue(record);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await jobs.list({ limit: 5, cursor });
      expect(page.items.length).toBeLessThanOrEqual(5);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(records.map(({ id }) => id).toReversed());
  });

  test.each<[string, ListQuery, readonly number[]]>([
    ["a part of the image", { image: "nginx" }, [3, 2]],
    ["a label's name", { label: "team" }, [3, 1]],
    ["a label's value", { label: "team=b=c" }, [3]],
    ["a state", { state: "queued" }, [3, 2, 1]],
    ["a state that none has", { state: "failed" }, []],
    ["all of them", { state: "queued", image: "nginx", label: "team" }, [3]],
  ])("finds by %s", async (_what, query, numbers) => {
    const jobs = await open();
    await jobs.enqueue(archiveRequest(1, { labels: { team: "a" } }));
    await jobs.enqueue(archiveRequest(2, { image: "docker.io/library/nginx:1.27" }));
    await jobs.enqueue(archiveRequest(3, { image: "nginx", labels: { team: "b=c" } }));
    const { items, nextCursor } = await jobs.list(query);
    expect(items.map(({ id }) => id)).toEqual(numbers.map((number) => archiveRequest(number).id));
    expect(nextCursor).toBeUndefined();
  });

  test("refuses cursors and limits that it never gave", async () => {
    const jobs = await open();
    for (const query of [
      { cursor: "x" },
      { cursor: "../../etc" },
      { limit: 0 },
      { limit: 201 },
      { limit: 1.5 },
    ]) {
      await expect(jobs.list(query)).rejects.toThrow(InvalidRequestError);
    }
  });

  test("counts by state, and tells how long the oldest waits", async () => {
    const jobs = await open();
    await jobs.enqueue(archiveRequest(1, { createdAt: new Date(Date.now() - 60_000).toISOString() }));
    await jobs.enqueue(archiveRequest(2, { createdAt: new Date().toISOString() }));
    expect(await jobs.counts()).toEqual({
      queued: 2,
      running: 0,
      waiting: 0,
      completed: 0,
      failed: 0,
      cancelled: 0,
    });
    const { archives, webhooks } = await jobs.figures();
    expect(archives.oldestWaitingMs).toBeGreaterThanOrEqual(60_000);
    expect(archives.oldestWaitingMs).toBeLessThan(90_000);
    expect(webhooks).toMatchObject({ oldestWaitingMs: 0, counts: { waiting: 0, failed: 0 } });
  });

  test("keeps all its keys in one slot of a cluster", async () => {
    const jobs = await open();
    await jobs.claim({ id: archiveRequest(1).id, requestHash: "h", bodyHash: "b", idempotencyKey: "k" });
    await jobs.enqueue(archiveRequest(1));
    const untagged = await redis
      .server()
      .command(
        "EVAL",
        "local n = 0 for _, key in ipairs(redis.call('KEYS', '*')) do if not string.match(key, '^{[%w-]+}:') then n = n + 1 end end return n",
        "0",
      );
    expect(untagged).toBe(":0");
  });
});
