import type { ProcessArchive, SettleArchive } from "./archive-work.ts";

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
