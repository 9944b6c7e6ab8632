import { LayawayError } from "@layaway/errors";
import { type Archive, parseRequestRecord, RecordUnreadableError, type RequestRecord } from "@layaway/ledger";
import { DelayedError, UnrecoverableError, WaitingError } from "bullmq";
import type { Redis } from "ioredis";

import { afterFailure } from "./after-failure.ts";
import type { ArchiveOutcome, ArchiveProgress, ProcessArchive, SettleArchive } from "./archive-work.ts";
import { type Catalogue, createCatalogue } from "./catalogue.ts";
import { queuedArchive } from "./catalogue-entry.ts";
import { CrashLoopError } from "./crash-loop-error.ts";
import { archiveAttempts } from "./job-options.ts";
import type { Keys } from "./keys.ts";
import type { Outcome } from "./outcome.ts";
import { createProgressWriter } from "./progress-writer.ts";
import type { QueueJob } from "./queue-worker.ts";

export interface ArchiveTiming {
  /** Wait before the second attempt; 15 s unless given. Each later one is four times as long. */
  readonly retryBaseMs?: number | undefined;
  /** Wait after a 429 that names no time; 60 s unless given. */
  readonly rateLimitedMs?: number | undefined;
  /** Wait before `onSettled` is called again; 2 s unless given, doubled each time up to 5 min. */
  readonly settleBaseMs?: number | undefined;
  /** Least time between two writes of progress; 1 s unless given. */
  readonly reportMs?: number | undefined;
}

export interface ArchiveJobOptions {
  readonly process: ProcessArchive;
  readonly onSettled: SettleArchive;
  /** Told of what does not end a job: connection errors, lost locks, hooks that will be called again. */
  readonly onError: (error: Error) => void;
  /** How many ended archives the catalogue keeps; 10,000 unless given. */
  readonly keepArchives?: number | undefined;
  readonly timing?: ArchiveTiming | undefined;
  readonly random?: (() => number) | undefined;
}

/** Tells BullMQ when the next attempt is due. */
export class RetryLaterError extends Error {
  readonly delayMs: number;

  constructor(message: string, delayMs: number) {
    super(message);
    this.delayMs = delayMs;
  }
}

/** Crashes and lost locks that one archive may cause before it is taken for their reason. */
const maxCrashes = 10;
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
      await delay(work, brokenMs);
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

/** Makes the attempt and answers with how the archive ended; throws for BullMQ where it did not end. */
async function attemptArchive(
  catalogue: Catalogue,
  options: ArchiveJobOptions,
  work: QueueJob,
  record: RequestRecord,
): Promise<Outcome> {
  const { job, token, signal } = work;
  const { retryBaseMs = 15_000, rateLimitedMs = 60_000 } = options.timing ?? {};
  const attempt = job.attemptsMade + 1;
  const tried = await tryProcess(catalogue, options, work, record, attempt);
  if (tried.kind === "done") return completed(await current(catalogue, record), record, tried.done);
  if (signal.aborted) {
    await catalogue.change(record.id, token, { state: "queued" });
    return work.handBack();
  }
  const after = afterFailure({
    error: tried.error,
    attempt,
    maxAttempts: archiveAttempts,
    ageMs: Date.now() - Date.parse(record.createdAt),
    retryBaseMs,
    rateLimitedMs,
    random: (options.random ?? Math.random)(),
  });
  switch (after.kind) {
    case "end":
      return ended(await current(catalogue, record), record, after);
    case "wait":
      await catalogue.change(record.id, token, { state: "waiting", error: after.error });
      return delay(work, after.delayMs);
    case "retry":
      await catalogue.change(record.id, token, { state: "queued", error: after.error });
      throw new RetryLaterError(after.error.code, after.delayMs);
  }
}

type Tried =
  | { readonly kind: "done"; readonly done: ArchiveOutcome }
  | { readonly kind: "threw"; readonly error: unknown };

/** Errors of the attempt are kept apart from errors of the catalogue: only the former use up attempts. */
async function tryProcess(
  catalogue: Catalogue,
  { process, timing, onError }: ArchiveJobOptions,
  { job, token, signal }: QueueJob,
  record: RequestRecord,
  attempt: number,
): Promise<Tried> {
  const write = (fields: ArchiveProgress): Promise<boolean> => catalogue.change(record.id, token, fields);
  const writer = createProgressWriter(write, timing?.reportMs ?? 1000, (error) =>
    onError(error instanceof Error ? error : new Error("progress was not written")),
  );
  try {
    if (job.stalledCounter > maxCrashes)
      throw new CrashLoopError(`${job.stalledCounter} workers died of ${record.id}`);
    return { kind: "done", done: await process({ record, attempt, signal, report: writer.report }) };
  } catch (error) {
    return { kind: "threw", error };
  } finally {
    await writer.stop();
  }
}

function completed(
  archive: Archive,
  record: RequestRecord,
  { etag, layers, ...fields }: ArchiveOutcome,
): Outcome {
  const details = { ...(etag === undefined ? {} : { etag }), ...(layers === undefined ? {} : { layers }) };
  return { ...ended({ ...archive, ...fields }, record, { state: "completed" }), details };
}

function ended(
  archive: Archive,
  record: RequestRecord,
  end: Pick<Archive, "error"> & { state: Archive["state"] },
): Outcome {
  const { rate: _rate, etaMs: _etaMs, error: _error, ...lasting } = archive;
  const error = end.error === undefined ? {} : { error: end.error };
  return {
    archive: { ...lasting, ...error, state: end.state, finishedAt: new Date().toISOString() },
    record,
    details: {},
  };
}

async function current(catalogue: Catalogue, record: RequestRecord): Promise<Archive> {
  return (await catalogue.get(record.id)) ?? queuedArchive(record);
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
    await delay(work, Math.min((options.timing?.settleBaseMs ?? 2000) * 2 ** (calls - 1), maxSettleDelayMs));
  }
}

async function delay({ job, token }: QueueJob, delayMs: number): Promise<never> {
  await job.moveToDelayed(Date.now() + delayMs, token);
  throw new DelayedError();
}
