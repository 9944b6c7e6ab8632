import { DelayedError } from "bullmq";

import type { QueueJob } from "./queue-worker.ts";

/** Tells BullMQ when the next attempt is due. */
export class RetryLaterError extends Error {
  readonly delayMs: number;

  constructor(message: string, delayMs: number) {
    super(message);
    this.delayMs = delayMs;
  }
}

/** Puts the job aside with no attempt used, and throws what BullMQ wants to see then. */
export async function delayJob({ job, token }: QueueJob, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}
