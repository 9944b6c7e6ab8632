import { LayawayError } from "@layaway/errors";
import type { SettleArchive } from "@layaway/jobs";
import type { Receipt } from "@layaway/ledger";
import { createEvent } from "@layaway/webhook";

import { endedArchive } from "./ended-archive.ts";
import { receiptOf } from "./receipt.ts";
import { terminalEvent } from "./terminal-event.ts";
import type { WorkerDeps } from "./worker-deps.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

/** A bucket that takes longer than this to take a small record is away. */
const receiptTimeoutMs = 60_000;

/** Writes down how an archive ended, then queues the webhook that tells of it. Both can be repeated. */
export function settleArchive(
  deps: Pick<WorkerDeps, "abandon" | "jobs" | "ledgers" | "logger" | "publicUrl">,
  metrics: WorkerMetrics,
): SettleArchive {
  return async (archive, record, details) => {
    const ended = endedArchive(archive);
    await keepReceipt(deps, receiptOf(ended, record, details));
    if (ended.state !== "completed") await deps.abandon(record);
    if (record.callbackUrl !== undefined) {
      const event = createEvent(terminalEvent(ended, deps.publicUrl));
      await deps.jobs.enqueueWebhook({ eventId: event.id, url: record.callbackUrl, body: event.body });
    }
    metrics.settled(ended);
    const { id, state, image, destination, key, size, error } = ended;
    deps.logger.info({ archive: id, image, destination, key, size, error }, `archive ${state}`);
  };
}

/**
 * A destination that takes no receipt must not keep its caller from being told of a failure, which may well be that
 * very one. What it may take later, and every receipt of a completed archive, is insisted on.
 */
async function keepReceipt(deps: Pick<WorkerDeps, "ledgers" | "logger">, receipt: Receipt): Promise<void> {
  const { destination } = receipt.request;
  const ledger = deps.ledgers.get(destination);
  if (ledger === undefined) {
    deps.logger.warn(
      { archive: receipt.id, destination },
      "no receipt: the destination is not configured any more",
    );
    return;
  }
  try {
    await ledger.writeReceipt(receipt, { signal: AbortSignal.timeout(receiptTimeoutMs) });
  } catch (error) {
    const isHopeless = error instanceof LayawayError && !error.retryable;
    if (receipt.outcome === "completed" || !isHopeless) throw error;
    deps.logger.warn(
      { err: error, archive: receipt.id, destination },
      "no receipt: the destination refuses it",
    );
  }
}
