import { type RunningWorker, startArchiveWorker, startWebhookWorker } from "@layaway/jobs";
import { deliverWebhook, nextAttemptDelayMs } from "@layaway/webhook";

import { processArchive } from "./process-archive.ts";
import { settleArchive } from "./settle-archive.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import { createWorkerMetrics, type WorkerMetrics } from "./worker-metrics.ts";

/**
 * Works off archives and sends webhooks until it is closed. Throws as `openJobs` does where Redis is of no use.
 * Its `close` leaves what it was given (`deps`) open.
 */
export async function startWorker(deps: WorkerDeps): Promise<RunningWorker> {
  const { redisUrl, prefix, concurrency, logger } = deps;
  const metrics = createWorkerMetrics(deps.version, deps.metrics);
  const onError = (error: Error): void => logger.warn({ err: error }, "queue");
  const archives = await startArchiveWorker({
    redisUrl,
    prefix,
    concurrency,
    process: processArchive(deps, metrics),
    onSettled: settleArchive(deps, metrics),
    onError,
  });
  try {
    const webhooks = await startWebhooks(deps, metrics, onError);
    return closeAll([archives, ...webhooks]);
  } catch (error) {
    await archives.close();
    throw error;
  }
}

async function startWebhooks(
  deps: WorkerDeps,
  metrics: WorkerMetrics,
  onError: (error: Error) => void,
): Promise<readonly RunningWorker[]> {
  const { outbound, secrets } = deps.webhooks;
  if (secrets.length === 0) {
    deps.logger.warn("no webhook secret is configured: this process sends no webhooks");
    return [];
  }
  const worker = await startWebhookWorker({
    redisUrl: deps.redisUrl,
    prefix: deps.prefix,
    nextDelayMs: (attemptsMade) => nextAttemptDelayMs(attemptsMade, deps.random),
    onError,
    async deliver({ eventId, url, body, attempt, signal }) {
      const outcome = await deliverWebhook({
        outbound,
        url,
        event: { id: eventId, body },
        secrets,
        now: deps.now,
        signal,
      });
      metrics.webhookAttempt(outcome.kind);
      const reason = outcome.kind === "retry" ? { reason: outcome.reason } : {};
      deps.logger.info({ event: eventId, attempt, ...reason }, `webhook ${outcome.kind}`);
      return outcome;
    },
  });
  return [worker];
}

function closeAll(workers: readonly RunningWorker[]): RunningWorker {
  return {
    async close(options) {
      const ends = await Promise.allSettled(workers.map((worker) => worker.close(options)));
      const failed = ends.find((end) => end.status === "rejected");
      if (failed !== undefined) throw failed.reason;
    },
  };
}
