import { CancelledError } from "@layaway/errors";
import { type Job, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";

import { type Keys, keysOf } from "./keys.ts";
import { createLockWatchdog } from "./lock-watchdog.ts";
import { connectRedis, redisError, workerOptions } from "./redis-connection.ts";

export interface LockTiming {
  /** How long a job belongs to a worker that does not renew; 120 s unless given. */
  readonly lockMs?: number | undefined;
  /** After how long without renewal its worker lets go of it; 90 s unless given. */
  readonly watchdogMs?: number | undefined;
  /** How often jobs are looked for whose lock ran out; 30 s unless given. */
  readonly stalledMs?: number | undefined;
}

export interface RunningWorker {
  /** Takes no more jobs and waits for those at work; after `graceMs` (0 unless given) hands them back, with no attempt used. */
  close(options?: { readonly graceMs?: number }): Promise<void>;
}

export interface QueueJob {
  readonly job: Job<unknown>;
  readonly token: string;
  /** Aborts when the lock may be lost and when the worker has to stop at once. */
  readonly signal: AbortSignal;
  /** Gives the job to whoever comes next, with no attempt used, and throws what BullMQ wants to see then. */
  readonly handBack: () => Promise<never>;
}

export interface QueueWorkerOptions {
  readonly redisUrl: string;
  readonly prefix: string | undefined;
  readonly queue: string;
  readonly concurrency: number;
  readonly locks: LockTiming;
  /** Called once, with the connection that the worker uses. */
  readonly prepare: (client: Redis, keys: Keys) => (work: QueueJob) => Promise<unknown>;
  /** Wait before the next attempt in milliseconds, after that many; -1 fails the job. */
  readonly backOffMs: (attemptsMade: number, error: unknown) => number;
  readonly onError: (error: Error) => void;
}

/** Crashes and lost locks until BullMQ itself fails a job. It overrides attempts, so it lies far above every limit of ours. */
const maxStalledCount = 20;
/** How long jobs that were told to stop may take to be handed back, and then Redis to take note of the end. */
const stopMs = 3000;
const farewellMs = 1000;

/** A BullMQ worker with what it lacks: it lets go of a job before the lock is lost, and its end has a limit. */
export async function startQueueWorker(options: QueueWorkerOptions): Promise<RunningWorker> {
  const keys = keysOf(options.prefix);
  const { lockMs = 120_000, watchdogMs = 90_000, stalledMs = 30_000 } = options.locks;
  const { client, place } = await connectRedis(options.redisUrl, workerOptions, options.onError);
  const report = (error: unknown): void => options.onError(redisError(place, error));
  const watchdog = createLockWatchdog(watchdogMs);
  const run = options.prepare(client, keys);
  const atWork = new Set<Promise<unknown>>();
  let closing = false;

  // BullMQ makes the signal only for functions of three parameters.
  const processor = async (
    job: Job<unknown>,
    token: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<unknown> => {
    if (job.id === undefined || token === undefined) throw new Error("a job without id or lock");
    const watch = watchdog.watch(job.id);
    const handBack = async (): Promise<never> => {
      await job.moveToWait(token).catch(report);
      throw new WaitingError();
    };
    const signals = signal === undefined ? [watch.signal] : [watch.signal, signal];
    // A fetch that was under way when `close` was called may still bring a job, even the one just handed back.
    const work = closing ? handBack() : run({ job, token, signal: AbortSignal.any(signals), handBack });
    atWork.add(work);
    try {
      return await work;
    } finally {
      atWork.delete(work);
      watch.end();
    }
  };
  const worker = new Worker(options.queue, processor, {
    connection: client,
    prefix: keys.prefix,
    concurrency: options.concurrency,
    lockDuration: lockMs,
    stalledInterval: stalledMs,
    maxStalledCount,
    settings: { backoffStrategy: (attemptsMade, _type, error) => options.backOffMs(attemptsMade, error) },
  });
  worker.on("error", report);
  worker.on("locksRenewed", ({ jobIds }) => watchdog.renewed(jobIds));

  return {
    async close({ graceMs = 0 } = {}) {
      closing = true;
      // `true`: takes no more jobs, and waits for nothing.
      await worker.pause(true).catch(report);
      const mayStop = async (ms: number): Promise<boolean> => endsWithin(Promise.allSettled(atWork), ms);
      if (!(await mayStop(graceMs))) watchdog.abortAll(new CancelledError("the worker is closing"));
      const ended = await mayStop(stopMs);
      // BullMQ waits for its Redis without end, and a `close` that waits cannot be forced any more.
      const force = !ended || !(await answers(client));
      await endsWithin(worker.close(force).catch(report), farewellMs);
      watchdog.close();
      client.disconnect();
    },
  };
}

async function answers(client: Redis): Promise<boolean> {
  if (client.status !== "ready") return false;
  return endsWithin(client.ping(), farewellMs).catch(() => false);
}

async function endsWithin(work: Promise<unknown>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
