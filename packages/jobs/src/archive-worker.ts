import { InternalError } from "@layaway/errors";

import type { ProcessArchive, SettleArchive } from "./archive-work.ts";

export interface ArchiveWorkerOptions {
  readonly redisUrl: string;
  readonly prefix?: string | undefined;
  /** Archives at the same time in this process; 2 unless given. */
  readonly concurrency?: number | undefined;
  readonly process: ProcessArchive;
  readonly onSettled: SettleArchive;
  /** Told of what does not end a job: connection errors, lost locks, hooks that will be repeated. */
  readonly onError: (error: Error) => void;
}

export interface RunningWorker {
  /** Takes no more jobs and waits for those at work; after `graceMs` (0 unless given) hands them back, with no attempt used. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Works off the queue of archives. Throws as `openJobs` does. */
export function startArchiveWorker(options: ArchiveWorkerOptions): Promise<RunningWorker> {
  return Promise.reject(new InternalError(`not built yet: ${options.redisUrl}`));
}
