import { UnrecoverableError } from "bullmq";
import { z } from "zod";

import type { WebhookDelivery } from "./jobs.ts";
import { webhookQueue } from "./keys.ts";
import { type LockTiming, type QueueJob, type RunningWorker, startQueueWorker } from "./queue-worker.ts";

/** The same shape as the outcome of `deliverWebhook` in @layaway/webhook. */
export type DeliveryResult =
  | { readonly kind: "delivered"; readonly status: number }
  | { readonly kind: "retry"; readonly afterMs?: number; readonly reason: string }
  | { readonly kind: "gone" };

export interface WebhookWork extends WebhookDelivery {
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly signal: AbortSignal;
}

export interface WebhookWorkerOptions {
  readonly redisUrl: string;
  readonly prefix?: string | undefined;
  /** Deliveries at the same time; 8 unless given. */
  readonly concurrency?: number | undefined;
  /** Makes one attempt. What it throws counts as a failed attempt. */
  readonly deliver: (work: WebhookWork) => Promise<DeliveryResult>;
  /** The wait before the next attempt, after that many were made; `undefined` gives up. `nextAttemptDelayMs` of @layaway/webhook. */
  readonly nextDelayMs: (attemptsMade: number) => number | undefined;
  /** Told of connection errors and of what `deliver` throws. */
  readonly onError: (error: Error) => void;
  readonly locks?: LockTiming | undefined;
}

/** Sends what `enqueueWebhook` queued. Deliveries that were given up stay in the queue as failed. */
export function startWebhookWorker(options: WebhookWorkerOptions): Promise<RunningWorker> {
  return startQueueWorker({
    redisUrl: options.redisUrl,
    prefix: options.prefix,
    queue: webhookQueue,
    concurrency: options.concurrency ?? 8,
    locks: options.locks ?? {},
    prepare: () => (work) => runDelivery(options, work),
    backOffMs(attemptsMade, error) {
      const scheduledMs = options.nextDelayMs(attemptsMade);
      if (scheduledMs === undefined) return -1;
      return Math.max(scheduledMs, error instanceof NotDeliveredError ? error.afterMs : 0);
    },
    onError: options.onError,
  });
}

async function runDelivery(
  options: WebhookWorkerOptions,
  { job, signal, handBack }: QueueJob,
): Promise<number> {
  const data = delivery.safeParse(job.data);
  if (!data.success) throw new UnrecoverableError("unreadable webhook job");
  const result = await options
    .deliver({ ...data.data, attempt: job.attemptsMade + 1, signal })
    .catch((error: unknown): DeliveryResult => {
      if (!signal.aborted)
        options.onError(error instanceof Error ? error : new Error("deliver threw no error"));
      return { kind: "retry", reason: "internal error" };
    });
  switch (result.kind) {
    case "delivered":
      return result.status;
    case "gone":
      throw new UnrecoverableError("gone");
    case "retry":
      if (signal.aborted) return handBack();
      throw new NotDeliveredError(result.reason, result.afterMs ?? 0);
  }
}

class NotDeliveredError extends Error {
  readonly afterMs: number;

  constructor(reason: string, afterMs: number) {
    super(reason);
    this.afterMs = afterMs;
  }
}

const delivery = z.object({ eventId: z.string(), url: z.string(), body: z.string() });
