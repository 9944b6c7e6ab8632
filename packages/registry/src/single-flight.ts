import { CancelledError } from "@layaway/errors";

import { abortable } from "./abortable.ts";

/**
 * Work that several may wait for, done once. Whoever's signal aborts stops waiting; when nobody waits any more, the work
 * itself is aborted.
 */
export interface SingleFlight<T> {
  join(signal: AbortSignal): Promise<T>;
}

export function createSingleFlight<T>(work: (signal: AbortSignal) => Promise<T>): SingleFlight<T> {
  let flight:
    | { readonly result: Promise<T>; readonly controller: AbortController; waiting: number }
    | undefined;

  const start = (): NonNullable<typeof flight> => {
    const controller = new AbortController();
    const result = work(controller.signal).finally(() => {
      if (flight === started) flight = undefined;
    });
    result.catch(() => {});
    const started = { result, controller, waiting: 0 };
    return started;
  };

  return {
    async join(signal) {
      if (signal.aborted) throw new CancelledError("cancelled", { cause: signal.reason });
      flight ??= start();
      const joined = flight;
      joined.waiting += 1;
      try {
        return await abortable(joined.result, signal);
      } finally {
        joined.waiting -= 1;
        if (joined.waiting === 0) {
          joined.controller.abort();
          if (flight === joined) flight = undefined;
        }
      }
    },
  };
}
