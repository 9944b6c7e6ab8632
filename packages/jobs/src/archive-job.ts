import { LayawayError } from "@layaway/errors";
import { parseRequestRecord, RecordUnreadableError, type RequestRecord } from "@layaway/ledger";
import { DelayedError, UnrecoverableError, WaitingError } from "bullmq";
import type { Redis } from "ioredis";

import type { ArchiveJobOptions } from "./archive-job-options.ts";
import { attemptArchive } from "./attempt-archive.ts";
import { type Catalogue, createCatalogue } from "./catalogue.ts";
import type { Keys } from "./keys.ts";
import type { Outcome } from "./outcome.ts";
import type { QueueJob } from "./queue-worker.ts";
import { delayJob, RetryLaterError } from "./retry-later.ts";

/** Calls of a hook that fails for good, before the archive ends without it. */
const maxHopelessSettles = 5;
const maxSettleDelayMs = 300_000;
/** Pause of a job that broke outside of its attempt. */
const brokenMs = 15_000;

/**
 * One job, from the queue to its end. Steps, each of which can be repeated after a crash:
 * the attempt; its outcome is written down (the first one counts); `onSettled` tells it; the catalogue shows the end;
 * BullMQ finishes the job. A job that finds an outcome begins behind the attempt, so everybody is told the same.
 */
export function prepareArchiveJobs(
  client: Redis,
  keys: Keys,
  options: ArchiveJobOptions,
): (work: QueueJob) => Promise<void> {
  const catalogue = createCatalogue(client, keys);
  return async (work) => {
    try {
      await runArchiveJob(catalogue, options, work);
    } catch (error) {
      if (isForBullmq(error)) throw error;
      // Neither the attempt's fault nor the hook's: it must not use up attempts, which would end the job untold.
      options.onError(error instanceof Error ? error : new Error("a job threw no error"));
      await delayJob(work, brokenMs);
    }
  };
}

function isForBullmq(error: unknown): boolean {
  return [DelayedError, WaitingError, UnrecoverableError, RetryLaterError].some(
    (kind) => error instanceof kind,
  );
}

async function runArchiveJob(
  catalogue: Catalogue,
  options: ArchiveJobOptions,
  work: QueueJob,
): Promise<void> {
  const record = readRecord(work.job.data);
  const known = await catalogue.get(record.id);
  if (known?.finishedAt !== undefined) return;
  await catalogue.begin(record, work.token, known?.startedAt ?? new Date().toISOString());
  const reached =
    (await catalogue.keptOutcome(record.id)) ?? (await attemptArchive(catalogue, options, work, record));
  const outcome = await catalogue.keepOutcome(reached);
  if (outcome === undefined) return;
  await settle(catalogue, options, work, outcome);
  await catalogue.finish(outcome, options.keepArchives ?? 10_000);
  const { state, error } = outcome.archive;
  if (state !== "completed") throw new UnrecoverableError(error?.code ?? state);
}

function readRecord(data: unknown): RequestRecord {
  try {
    return parseRequestRecord(data);
  } catch (error) {
    if (error instanceof RecordUnreadableError) throw new UnrecoverableError(error.message);
    throw error;
  }
}

/** Tells how it ended; where that fails the job comes back later, with no attempt used. */
async function settle(
  catalogue: Catalogue,
  options: ArchiveJobOptions,
  work: QueueJob,
  { archive, record, details }: Outcome,
): Promise<void> {
  try {
    await options.onSettled(archive, record, details);
  } catch (error) {
    options.onError(error instanceof Error ? error : new Error("onSettled threw no error"));
    const calls = await catalogue.countSettle(archive.id);
    const isHopeless = error instanceof LayawayError && !error.retryable;
    if (isHopeless && calls >= maxHopelessSettles) return;
    await catalogue.change(archive.id, work.token, { state: "waiting" });
    await delayJob(
      work,
      Math.min((options.timing?.settleBaseMs ?? 2000) * 2 ** (calls - 1), maxSettleDelayMs),
    );
  }
}
