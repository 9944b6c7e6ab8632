/** One after the other for each key, in the order of asking; different keys do not wait for each other. */
export interface Turns {
  /** Rejects with the signal's reason where it aborts before its turn came. */
  take<T>(key: string, signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

export function createTurns(): Turns {
  const last = new Map<string, Promise<void>>();
  return {
    async take(key, signal, work) {
      const before = last.get(key);
      let done = (): void => {};
      const turn = new Promise<void>((resolve) => (done = resolve));
      // Who gave up keeps its place until those before it are done: the one behind it waits for them too.
      const mine = (before ?? Promise.resolve()).then(() => turn);
      last.set(key, mine);
      void mine.then(() => {
        if (last.get(key) === mine) last.delete(key);
      });
      try {
        if (before !== undefined) await untilAborted(before, signal);
        return await work();
      } finally {
        done();
      }
    },
  };
}

async function untilAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  signal.throwIfAborted();
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
