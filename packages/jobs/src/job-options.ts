import { createHash } from "node:crypto";
import { InvalidRequestError } from "@layaway/errors";
import type { JobsOptions } from "bullmq";

import type { WebhookDelivery } from "./jobs.ts";

const daySeconds = 24 * 3600;

/** Attempts of an archive; waiting after a 429 and a worker's shutdown use up none. */
export const archiveAttempts = 5;

/** The catalogue tells how archives ended; BullMQ keeps jobs for a while against repeated calls of `enqueue`. */
export const archiveJobOptions: JobsOptions = {
  attempts: archiveAttempts,
  backoff: { type: "custom" },
  removeOnComplete: { age: daySeconds, count: 1000 },
  removeOnFail: { age: daySeconds, count: 1000 },
};

/** The worker's schedule says when to give up, not this figure. Deliveries that were given up stay, newest 10,000. */
export const webhookJobOptions: JobsOptions = {
  attempts: 1000,
  backoff: { type: "custom" },
  removeOnComplete: { age: 7 * daySeconds, count: 10_000 },
  removeOnFail: { count: 10_000 },
  sizeLimit: 64 * 1024,
};

/** One job per event and endpoint. BullMQ takes no ":" in ids. */
export function webhookJobId({ eventId, url }: WebhookDelivery): string {
  if (!/^[a-z]+_[\w-]{1,128}$/.test(eventId))
    throw new InvalidRequestError("webhook event id: expected evt_...");
  return `${eventId}-${createHash("sha256").update(url).digest("hex").slice(0, 16)}`;
}
