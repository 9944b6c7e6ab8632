import { InternalError } from "@layaway/errors";

import type { RunningWorker } from "./archive-worker.ts";
import type { WebhookDelivery } from "./jobs.ts";

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
  readonly deliver: (work: WebhookWork) => Promise<DeliveryResult>;
  /** The wait before the next attempt, after that many were made; `undefined` gives up. `nextAttemptDelayMs` of @layaway/webhook. */
  readonly nextDelayMs: (attemptsMade: number) => number | undefined;
  readonly onError: (error: Error) => void;
}

/** Sends what `enqueueWebhook` queued. Deliveries that were given up stay in the queue as failed. */
export function startWebhookWorker(options: WebhookWorkerOptions): Promise<RunningWorker> {
  return Promise.reject(new InternalError(`not built yet: ${options.redisUrl}`));
}
