import { CancelledError } from "@layaway/errors";

/** The jobs that this process works on, and the means to stop each of them. */
export interface LockWatchdog {
  /** Begins to watch; `signal` aborts with a `CancelledError`. */
  watch(jobId: string): { readonly signal: AbortSignal; readonly end: () => void };
  /** Their locks are good for another while. */
  renewed(jobIds: readonly string[]): void;
  abortAll(reason: CancelledError): void;
  close(): void;
}

/**
 * A lock can be lost without its owner noticing: while Redis is cut off or stands still, BullMQ's renewal just hangs, and
 * the job is given to somebody else on the other side. So a job whose lock was not renewed in time is aborted here, before
 * the lock can expire there.
 *
 * @param limitMs the time since the last renewal, well below the lock's duration
 * @param now milliseconds of a monotonic clock
 */
export function createLockWatchdog(
  limitMs: number,
  now: () => number = () => performance.now(),
): LockWatchdog {
  const jobs = new Map<string, { renewedMs: number; readonly controller: AbortController }>();
  const check = (): void => {
    for (const { renewedMs, controller } of jobs.values()) {
      if (now() - renewedMs > limitMs) controller.abort(new CancelledError("the job's lock may be lost"));
    }
  };
  const timer = setInterval(check, limitMs / 10);
  timer.unref();
  return {
    watch(jobId) {
      const controller = new AbortController();
      const job = { renewedMs: now(), controller };
      jobs.set(jobId, job);
      return {
        signal: controller.signal,
        end: () => {
          if (jobs.get(jobId) === job) jobs.delete(jobId);
        },
      };
    },
    renewed(jobIds) {
      for (const jobId of jobIds) {
        const job = jobs.get(jobId);
        if (job !== undefined) job.renewedMs = now();
      }
    },
    abortAll(reason) {
      for (const { controller } of jobs.values()) controller.abort(reason);
    },
    close: () => clearInterval(timer),
  };
}
