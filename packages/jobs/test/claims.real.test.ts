import { randomUUID } from "node:crypto";
import { describeWithServers } from "@layaway/testing";
import { afterEach, expect, test, vi } from "vitest";

import { type Claim, type Jobs, openJobs, startArchiveWorker } from "../src/index.ts";
import { archiveRequest } from "./archive-requests.ts";
import { Opened, redisForFile } from "./open-redis.ts";

function claim(number: number, fields: Partial<Claim> = {}): Claim {
  return { id: archiveRequest(number).id, requestHash: "same", bodyHash: "body", ...fields };
}

describeWithServers("claims", ["redis"], () => {
  const redis = redisForFile();
  const opened = new Opened();
  afterEach(() => opened.close());

  function open(prefix: string = randomUUID()): Promise<Jobs> {
    return opened.add(openJobs({ redisUrl: redis.url(), prefix, onError: () => {} }));
  }

  test("give one id to twenty equal requests at once, and one job", async () => {
    const jobs = await open();
    const claims = Array.from({ length: 20 }, (_, number) => claim(number, { idempotencyKey: "key" }));
    const answers = await Promise.all(claims.map((each) => jobs.claim(each)));
    expect(answers.filter(({ kind }) => kind === "new")).toHaveLength(1);
    const ids = answers.map((answer, number) =>
      answer.kind === "existing" ? answer.id : claims[number]?.id,
    );
    expect(new Set(ids).size).toBe(1);
    const record = archiveRequest(ids[0] === undefined ? -1 : Number(ids[0].slice(4)));
    await Promise.all(ids.map(() => jobs.enqueue(record)));
    expect((await jobs.list()).items).toHaveLength(1);
    expect((await jobs.figures()).archives.counts).toMatchObject({ prioritized: 1 });
  });

  test("let other requests be", async () => {
    const jobs = await open();
    expect(await jobs.claim(claim(1))).toEqual({ kind: "new" });
    expect(await jobs.claim(claim(2, { requestHash: "other" }))).toEqual({ kind: "new" });
  });

  test("say whether the request they name was enqueued", async () => {
    const jobs = await open();
    await jobs.claim(claim(1));
    expect(await jobs.claim(claim(2))).toEqual({ kind: "existing", id: claim(1).id, enqueued: false });
    await jobs.enqueue(archiveRequest(1));
    expect(await jobs.claim(claim(3))).toEqual({ kind: "existing", id: claim(1).id, enqueued: true });
  });

  test("repeat an Idempotency-Key's id, and refuse the key with another body", async () => {
    const jobs = await open();
    await jobs.claim(claim(1, { idempotencyKey: "k" }));
    const other = { requestHash: "another", idempotencyKey: "k" };
    expect(await jobs.claim(claim(2, { ...other }))).toMatchObject({ kind: "existing", id: claim(1).id });
    expect(await jobs.claim(claim(3, { ...other, bodyHash: "changed" }))).toEqual({ kind: "key-reused" });
  });

  test("bind an Idempotency-Key to the open request that it met", async () => {
    const jobs = await open();
    await jobs.claim(claim(1));
    await jobs.claim(claim(2, { idempotencyKey: "k" }));
    await jobs.release(claim(1).id);
    expect(await jobs.claim(claim(3, { idempotencyKey: "k" }))).toMatchObject({
      kind: "existing",
      id: claim(1).id,
    });
  });

  test("are undone by a release, but not once the request is enqueued", async () => {
    const jobs = await open();
    await jobs.claim(claim(1, { idempotencyKey: "k" }));
    await jobs.release(claim(1).id);
    expect(await jobs.claim(claim(2, { idempotencyKey: "k", bodyHash: "changed" }))).toEqual({ kind: "new" });
    await jobs.enqueue(archiveRequest(2));
    await jobs.release(claim(2).id);
    expect(await jobs.claim(claim(3))).toMatchObject({ kind: "existing", id: claim(2).id });
  });

  test("last until the archive ends; then the same may be asked for again, and the key still repeats its answer", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await jobs.claim(claim(1, { idempotencyKey: "k" }));
    await jobs.enqueue(archiveRequest(1));
    await opened.add(
      startArchiveWorker({
        redisUrl: redis.url(),
        prefix,
        process: async () => ({}),
        onSettled: async () => {},
        onError: () => {},
      }),
    );
    await vi.waitFor(async () => expect((await jobs.get(claim(1).id))?.state).toBe("completed"));
    expect(await jobs.claim(claim(2, { idempotencyKey: "k" }))).toEqual({
      kind: "existing",
      id: claim(1).id,
      enqueued: true,
    });
    expect(await jobs.claim(claim(3))).toEqual({ kind: "new" });
  });

  test("do not outlive a caller that died before it enqueued, while its Idempotency-Key does", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await jobs.claim(claim(1, { idempotencyKey: "k" }));
    const ttl = async (kind: string): Promise<number> =>
      Number(
        (
          await redis
            .server()
            .command(
              "EVAL",
              `return redis.call('TTL', redis.call('KEYS', '{${prefix}}:claims:${kind}:*')[1])`,
              "0",
            )
        ).slice(1),
      );
    expect(await ttl("open")).toBeGreaterThan(50);
    expect(await ttl("open")).toBeLessThanOrEqual(60);
    expect(await ttl("key")).toBeGreaterThan(86_000);
    await jobs.enqueue(archiveRequest(1));
    expect(await ttl("open")).toBe(-1);
  });
});
