import { prepareArchiveJobs } from "./archive-job.ts";
import type { ArchiveJobOptions } from "./archive-job-options.ts";
import { archiveQueue } from "./keys.ts";
import { type LockTiming, type RunningWorker, startQueueWorker } from "./queue-worker.ts";
import { RetryLaterError } from "./retry-later.ts";

export interface ArchiveWorkerOptions extends ArchiveJobOptions {
  readonly redisUrl: string;
  readonly prefix?: string | undefined;
  /** Archives at the same time in this process; 2 unless given. */
  readonly concurrency?: number | undefined;
  readonly locks?: LockTiming | undefined;
}

/** Where a job comes back that broke outside of its attempt: an error of ours or of Redis. */
const brokenMs = 15_000;

/** Works off the queue of archives. Throws as `openJobs` does. */
export function startArchiveWorker(options: ArchiveWorkerOptions): Promise<RunningWorker> {
  return startQueueWorker({
    redisUrl: options.redisUrl,
    prefix: options.prefix,
    queue: archiveQueue,
    concurrency: options.concurrency ?? 2,
    locks: options.locks ?? {},
    prepare: (client, keys) => prepareArchiveJobs(client, keys, options),
    backOffMs: (_attemptsMade, error) => (error instanceof RetryLaterError ? error.delayMs : brokenMs),
    onError: options.onError,
  });
}
