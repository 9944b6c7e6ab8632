import type { Archive, RequestRecord } from "@layaway/ledger";

import { afterFailure } from "./after-failure.ts";
import type { ArchiveJobOptions } from "./archive-job-options.ts";
import type { ArchiveOutcome, ArchiveProgress } from "./archive-work.ts";
import type { Catalogue } from "./catalogue.ts";
import { queuedArchive } from "./catalogue-entry.ts";
import { CrashLoopError } from "./crash-loop-error.ts";
import { archiveAttempts } from "./job-options.ts";
import type { Outcome } from "./outcome.ts";
import { createProgressWriter } from "./progress-writer.ts";
import type { QueueJob } from "./queue-worker.ts";
import { delayJob, RetryLaterError } from "./retry-later.ts";

/** Crashes and lost locks that one archive may cause before it is taken for their reason. */
const maxCrashes = 10;
/** Makes the attempt and answers with how the archive ended; throws for BullMQ where it did not end. */
export async function attemptArchive(
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
      return delayJob(work, after.delayMs);
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
  const fetchedBefore = (await current(catalogue, record)).bytes.fetched;
  const writer = createProgressWriter(write, timing?.reportMs ?? 1000, (error) =>
    onError(error instanceof Error ? error : new Error("progress was not written")),
  );
  try {
    if (job.stalledCounter > maxCrashes)
      throw new CrashLoopError(`${job.stalledCounter} workers died of ${record.id}`);
    const done = await process({ record, attempt, fetchedBefore, signal, report: writer.report });
    await writer.stop();
    return { kind: "done", done };
  } catch (error) {
    // What a failed attempt fetched is counted, to its last byte.
    await writer.finish();
    return { kind: "threw", error };
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
