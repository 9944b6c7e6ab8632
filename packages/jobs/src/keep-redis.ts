import { setTimeout as pause } from "node:timers/promises";
import { InternalError } from "@layaway/errors";

import { endRedis } from "./launch-redis.ts";
import type { RedisProcess } from "./redis-process.ts";

export interface KeepRedisOptions {
  readonly launch: (signal: AbortSignal) => Promise<RedisProcess>;
  /** Waits before each start again; when they are used up, the server is given up. */
  readonly restartDelaysMs: readonly number[];
  /** A server that ran for so long has all starts before it again. */
  readonly steadyMs: number;
  /** Told each time that the server ended by itself or did not start. */
  readonly onError: (error: Error) => void;
}

export interface KeptRedis {
  /** Of the server that runs now. */
  readonly pid: number;
  /** Settles when the server was given up; never where it was closed. */
  readonly lost: Promise<Error>;
  close(): Promise<void>;
}

/** Starts a server and keeps it up: one that ends by itself is started again. Throws where the first start fails. */
export async function keepRedis(options: KeepRedisOptions): Promise<KeptRedis> {
  const { launch, onError, restartDelaysMs, steadyMs } = options;
  const stop = new AbortController();
  const { promise: lost, resolve: giveUp } = deferred<Error>();
  let server = await launch(stop.signal);
  let starts = 0;

  const startAgain = async (): Promise<RedisProcess | undefined> => {
    for (;;) {
      const delayMs = restartDelaysMs[starts];
      if (delayMs === undefined) {
        giveUp(new InternalError(`embedded redis was started ${starts} times again and does not stay up`));
        return undefined;
      }
      starts += 1;
      try {
        await pause(delayMs, undefined, { signal: stop.signal });
        return await launch(stop.signal);
      } catch (error) {
        if (stop.signal.aborted) return undefined;
        onError(error instanceof Error ? error : new InternalError("embedded redis did not start"));
      }
    }
  };
  const keep = async (): Promise<void> => {
    for (;;) {
      const startedAt = performance.now();
      const code = await server.ended;
      if (stop.signal.aborted) return;
      onError(new InternalError(`embedded redis ended with ${code}`));
      if (performance.now() - startedAt >= steadyMs) starts = 0;
      const next = await startAgain();
      if (next === undefined) return;
      server = next;
    }
  };
  const kept = keep();
  return {
    get pid() {
      return server.pid;
    },
    lost,
    async close() {
      stop.abort();
      await endRedis(server);
      await kept;
      // One whose start was just over when it was told to stop.
      await endRedis(server);
    },
  };
}

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let settle: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => (settle = resolve));
  return { promise, resolve: (value) => settle(value) };
}
