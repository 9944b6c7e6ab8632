import { randomUUID } from "node:crypto";
import { InvalidRequestError } from "@layaway/errors";
import { describeWithServers } from "@layaway/testing";
import { afterEach, expect, test, vi } from "vitest";

import {
  enqueueWebhook,
  type Jobs,
  openJobs,
  startWebhookWorker,
  type WebhookWorkerOptions,
} from "../src/index.ts";
import { gate } from "./gate.ts";
import { Opened, redisForFile } from "./open-redis.ts";

const delivery = {
  eventId: "evt_1",
  url: "https://hooks.example.com/done",
  body: '{"type":"archive.completed"}',
};

describeWithServers("the webhook worker", ["redis"], () => {
  const redis = redisForFile();
  const opened = new Opened();
  afterEach(() => opened.close());

  function open(prefix: string): Promise<Jobs> {
    return opened.add(openJobs({ redisUrl: redis.url(), prefix, onError: () => {} }));
  }

  function start(
    prefix: string,
    options: Partial<WebhookWorkerOptions>,
  ): ReturnType<typeof startWebhookWorker> {
    return opened.add(
      startWebhookWorker({
        redisUrl: redis.url(),
        prefix,
        deliver: async () => ({ kind: "delivered", status: 200 }),
        nextDelayMs: (attemptsMade) => (attemptsMade < 4 ? 5 : undefined),
        onError: () => {},
        ...options,
      }),
    );
  }

  async function failed(jobs: Jobs, count: number): Promise<void> {
    await vi.waitFor(async () => expect((await jobs.figures()).webhooks.counts["failed"]).toBe(count));
  }

  test("sends one event to one URL once, however often it is queued, and to another URL as well", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    const other = { ...delivery, url: "https://other.example.com/" };
    for (const each of [delivery, delivery, other]) await enqueueWebhook(jobs, each);
    const sent: unknown[] = [];
    await start(prefix, {
      deliver: async ({ eventId, url, body, attempt }) => {
        sent.push({ eventId, url, body, attempt });
        return { kind: "delivered", status: 204 };
      },
    });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    await enqueueWebhook(jobs, delivery);
    await enqueueWebhook(jobs, { ...delivery, eventId: "evt_2" });
    await vi.waitFor(() => expect(sent).toHaveLength(3));
    expect(sent).toEqual([
      { ...delivery, attempt: 1 },
      { ...other, attempt: 1 },
      { ...delivery, eventId: "evt_2", attempt: 1 },
    ]);
  });

  test("follows the schedule and keeps what it gave up", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await enqueueWebhook(jobs, delivery);
    const attempts: number[] = [];
    const asked: number[] = [];
    await start(prefix, {
      deliver: async ({ attempt }) => {
        attempts.push(attempt);
        return { kind: "retry", reason: "status 500" };
      },
      nextDelayMs: (attemptsMade) => {
        asked.push(attemptsMade);
        return attemptsMade < 4 ? 5 : undefined;
      },
    });
    await failed(jobs, 1);
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(asked).toEqual([1, 2, 3, 4]);
  });

  test("waits at least as long as the receiver asked for", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await enqueueWebhook(jobs, delivery);
    const times: number[] = [];
    await start(prefix, {
      deliver: async () => {
        times.push(performance.now());
        return times.length === 1
          ? { kind: "retry", reason: "status 429", afterMs: 400 }
          : { kind: "delivered", status: 200 };
      },
    });
    await vi.waitFor(() => expect(times).toHaveLength(2), { timeout: 5000 });
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(390);
  });

  test("gives up at once on a receiver that wants no more", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await enqueueWebhook(jobs, delivery);
    const deliver = vi.fn<WebhookWorkerOptions["deliver"]>().mockResolvedValue({ kind: "gone" });
    await start(prefix, { deliver });
    await failed(jobs, 1);
    expect(deliver).toHaveBeenCalledOnce();
  });

  test("takes what deliver throws for a failed attempt, and tells of it", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await enqueueWebhook(jobs, delivery);
    const onError = vi.fn<(error: Error) => void>();
    const deliver = vi
      .fn<WebhookWorkerOptions["deliver"]>()
      .mockRejectedValueOnce(new Error("broken"))
      .mockResolvedValue({ kind: "delivered", status: 200 });
    await start(prefix, { deliver, onError });
    await vi.waitFor(() => expect(deliver).toHaveBeenCalledTimes(2));
    expect(onError.mock.calls).toEqual([[new Error("broken")]]);
  });

  test("hands a delivery back when it closes, with no attempt used", async () => {
    const prefix = randomUUID();
    const jobs = await open(prefix);
    await enqueueWebhook(jobs, delivery);
    const begun = gate();
    const first = await start(prefix, {
      deliver: ({ signal }) => {
        begun.open();
        return new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve({ kind: "retry", reason: "aborted" }), {
            once: true,
          });
        });
      },
    });
    await begun.opened;
    await first.close();
    const attempts: number[] = [];
    await start(prefix, {
      deliver: async ({ attempt }) => {
        attempts.push(attempt);
        return { kind: "delivered", status: 200 };
      },
    });
    await vi.waitFor(() => expect(attempts).toEqual([1]));
  });

  test("takes no event id that would not do for a queue", async () => {
    const jobs = await open(randomUUID());
    for (const eventId of ["", "1", "evt:1", "evt_a.b"]) {
      await expect(enqueueWebhook(jobs, { ...delivery, eventId })).rejects.toThrow(InvalidRequestError);
    }
  });
});
