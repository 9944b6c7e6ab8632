import { CancelledError } from "@layaway/errors";

/**
 * Work that is begun together ends together: the first failure aborts `signal`, and when `settle` returns nothing is left
 * running.
 */
export interface TaskScope {
  /** Aborted by the first failure and by the outer signal. */
  readonly signal: AbortSignal;
  /** The promise may be awaited or left alone: a failure reaches `settle` in any case. */
  run<T>(task: () => Promise<T>): Promise<T>;
  /** Counts as a failure of the whole. */
  fail(error: unknown): void;
  /** Waits for every task; throws the first failure, with the others as its cause where it has none. */
  settle(): Promise<void>;
}

export function createTaskScope(outer: AbortSignal): TaskScope {
  const controller = new AbortController();
  const errors = new Set<unknown>();
  const running = new Set<Promise<unknown>>();

  const fail = (error: unknown): void => {
    errors.add(error);
    controller.abort(error);
  };
  const onOuterAbort = (): void => fail(new CancelledError("cancelled", { cause: outer.reason }));
  if (outer.aborted) onOuterAbort();
  else outer.addEventListener("abort", onOuterAbort, { once: true });

  return {
    signal: controller.signal,
    fail,
    run(task) {
      const promise = task();
      const settled: Promise<unknown> = promise.then(
        () => running.delete(settled),
        (error: unknown) => {
          running.delete(settled);
          fail(error);
        },
      );
      running.add(settled);
      return promise;
    },
    async settle() {
      while (running.size > 0) await Promise.all(running);
      outer.removeEventListener("abort", onOuterAbort);
      if (errors.size > 0) throw firstWithTheOthers([...errors]);
    },
  };
}

/** Cancellations that follow the first failure are its echo, and tell nothing. */
function firstWithTheOthers([first, ...others]: readonly unknown[]): unknown {
  const own = others.filter((error) => !(error instanceof CancelledError));
  if (first instanceof Error && first.cause === undefined && own.length > 0) {
    first.cause = new AggregateError(own, "what failed after it");
  }
  return first;
}
