import { once } from "node:events";
import { createServer } from "node:net";
import { InternalError, InvalidRequestError } from "@layaway/errors";
import { describeWithServers, freePort, type RedisServer, startRedis } from "@layaway/testing";
import { afterEach, expect, test, vi } from "vitest";

import { type ArchiveWorkerOptions, openJobs, startArchiveWorker } from "../src/index.ts";
import { archiveRequest } from "./archive-requests.ts";
import { gate } from "./gate.ts";
import { Opened } from "./open-redis.ts";

const onError = (): void => {};

describeWithServers("a Redis that is away", ["redis"], () => {
  const opened = new Opened();
  afterEach(() => opened.close());

  async function redis(config: Record<string, string> = {}): Promise<RedisServer> {
    const server = await startRedis({ config });
    await opened.add(Promise.resolve({ close: () => server.stop() }));
    return server;
  }

  function worker(
    redisUrl: string,
    options: Partial<ArchiveWorkerOptions>,
  ): ReturnType<typeof startArchiveWorker> {
    const defaults = { process: async () => ({}), onSettled: async () => {}, onError };
    return opened.add(startArchiveWorker({ redisUrl, ...defaults, ...options }));
  }

  async function elapsedMs(work: () => Promise<unknown>): Promise<number> {
    const begin = performance.now();
    await work();
    return performance.now() - begin;
  }

  test("is told of within 3 s, by its place and without a password", async () => {
    const port = await freePort();
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    await opened.add(Promise.resolve({ close: async () => silent.close() }));
    const address = silent.address();
    const silentPort = typeof address === "object" ? address?.port : undefined;
    for (const each of [port, silentPort]) {
      const redisUrl = `redis://:hunter2@127.0.0.1:${each}`;
      const open = async (): Promise<void> => {
        const opening = openJobs({ redisUrl, onError });
        await expect(opening).rejects.toThrow(InternalError);
        await expect(opening).rejects.toThrow(new RegExp(`^redis at 127.0.0.1:${each}: (?!.*hunter2)`));
      };
      expect(await elapsedMs(open)).toBeLessThan(3000);
      await expect(worker(redisUrl, {})).rejects.toThrow(InternalError);
    }
  });

  test("is told apart from one that asks for a password", async () => {
    const server = await redis({ requirepass: "secret" });
    await expect(openJobs({ redisUrl: server.url, onError })).rejects.toThrow(/NOAUTH/);
    const wrong = server.url.replace("//", "//:hunter2@");
    await expect(openJobs({ redisUrl: wrong, onError })).rejects.toThrow(/WRONGPASS(?!.*hunter2)/);
    const jobs = await opened.add(openJobs({ redisUrl: server.url.replace("//", "//:secret@"), onError }));
    await jobs.ping();
  });

  test("is no better than one that throws jobs away", async () => {
    const server = await redis({ maxmemory: "100mb", "maxmemory-policy": "allkeys-lru" });
    const opening = openJobs({ redisUrl: server.url, onError });
    await expect(opening).rejects.toThrow(InvalidRequestError);
    await expect(opening).rejects.toThrow(/maxmemory-policy is allkeys-lru/);
    await expect(worker(server.url, {})).rejects.toThrow(InvalidRequestError);
  });

  test("lets callers know soon, frozen or full or killed, and is used again when it is back", async () => {
    const server = await redis();
    const errors: Error[] = [];
    const jobs = await opened.add(openJobs({ redisUrl: server.url, onError: (error) => errors.push(error) }));
    const calls = [
      () => jobs.claim({ id: "arc_1", requestHash: "h", bodyHash: "b" }),
      () => jobs.enqueue(archiveRequest(1)),
      () => jobs.list(),
      () => jobs.figures(),
      () => jobs.enqueueWebhook({ eventId: "evt_1", url: "https://example.com", body: "{}" }),
      () => jobs.ping(),
    ];
    server.freeze();
    const all = async (): Promise<void> => {
      const ends = await Promise.allSettled(calls.map((call) => call()));
      for (const end of ends)
        expect(end).toMatchObject({ status: "rejected", reason: expect.any(InternalError) });
    };
    expect(await elapsedMs(all)).toBeLessThan(2800);
    server.thaw();
    // The calls that timed out were done all the same: doing them again changes nothing.
    expect(await jobs.enqueue(archiveRequest(1))).toMatchObject({ state: "queued" });
    expect((await jobs.figures()).archives.counts).toMatchObject({ prioritized: 1 });

    await server.command("CONFIG", "SET", "maxmemory", "1mb");
    await expect(jobs.enqueue(archiveRequest(2))).rejects.toThrow(/OOM/);
    await server.command("CONFIG", "SET", "maxmemory", "0");

    await server.restart();
    await vi.waitFor(() => jobs.ping(), { timeout: 10_000 });
    expect(await jobs.get(archiveRequest(1).id)).toMatchObject({ state: "queued" });
    expect(errors.every((error) => error instanceof InternalError)).toBe(true);
  });

  test("makes a worker let go of its job before the lock is another's, and the job is done once more", async () => {
    const server = await redis();
    const jobs = await opened.add(openJobs({ redisUrl: server.url, onError }));
    await jobs.enqueue(archiveRequest(1));
    const attempts: number[] = [];
    const begun = gate();
    const aborted = gate();
    await worker(server.url, {
      locks: { lockMs: 1500, watchdogMs: 1000, stalledMs: 300 },
      process: async ({ attempt, signal }) => {
        attempts.push(attempt);
        if (attempts.length > 1) return {};
        begun.open();
        await new Promise<void>((resolve) => {
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
        aborted.open();
        throw signal.reason;
      },
    });
    await begun.opened;
    server.freeze();
    expect(await elapsedMs(() => aborted.opened)).toBeLessThan(1500);
    server.thaw();
    await vi.waitFor(async () => expect((await jobs.get(archiveRequest(1).id))?.state).toBe("completed"), {
      timeout: 15_000,
    });
    expect(attempts).toEqual([1, 1]);
  });

  test("loses nothing of a worker at work when it is killed and started again", async () => {
    const server = await redis();
    const jobs = await opened.add(openJobs({ redisUrl: server.url, onError }));
    await jobs.enqueue(archiveRequest(1));
    const begun = gate();
    const held = gate();
    let attempts = 0;
    await worker(server.url, {
      process: async () => {
        attempts += 1;
        begun.open();
        await held.opened;
        return { key: "k" };
      },
    });
    await begun.opened;
    await server.restart();
    held.open();
    await vi.waitFor(async () => expect((await jobs.get(archiveRequest(1).id))?.state).toBe("completed"), {
      timeout: 15_000,
    });
    expect(attempts).toBe(1);
  });

  test("leaves a worker alive when everything in it was thrown away, and the archive's end is still told", async () => {
    const server = await redis();
    const jobs = await opened.add(openJobs({ redisUrl: server.url, onError }));
    await jobs.enqueue(archiveRequest(1));
    const begun = gate();
    const held = gate();
    const told: string[] = [];
    await worker(server.url, {
      process: async () => {
        begun.open();
        await held.opened;
        return { key: "k" };
      },
      onSettled: async ({ id, state }) => void told.push(`${id} ${state}`),
    });
    await begun.opened;
    await server.command("FLUSHALL");
    held.open();
    await vi.waitFor(() => expect(told).toEqual([`${archiveRequest(1).id} completed`]));
    await jobs.enqueue(archiveRequest(2));
    await vi.waitFor(async () => expect((await jobs.get(archiveRequest(2).id))?.state).toBe("completed"), {
      timeout: 15_000,
    });
    expect(await jobs.get(archiveRequest(1).id)).toMatchObject({ state: "completed", key: "k" });
  });

  test("does not keep a worker from closing", async () => {
    const server = await redis();
    const running = await worker(server.url, {});
    server.freeze();
    expect(await elapsedMs(() => running.close({ graceMs: 100 }))).toBeLessThan(8000);
    server.thaw();
  });
});
