/** A controller that also aborts when one of the signals does, until it is released. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(): void;
  /** From now on the signals have no effect; the request goes on under this controller alone. */
  release(): void;
}

/** `AbortSignal.any` cannot let go of a signal that outlives the request. */
export function linkAbort(signals: readonly AbortSignal[]): LinkedAbort {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  for (const signal of signals) {
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  }
  return {
    signal: controller.signal,
    abort,
    release() {
      for (const signal of signals) signal.removeEventListener("abort", abort);
    },
  };
}
