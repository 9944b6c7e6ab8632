/** Time that passes only when a test says so. */
export interface FakeClock {
  readonly now: () => number;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Lets time pass, waking every sleeper at its own moment. */
  advance(ms: number): Promise<void>;
  sleepers(): number;
}

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export function createFakeClock(): FakeClock {
  let time = 0;
  const sleepers = new Set<Sleeper>();

  const advance = async (ms: number): Promise<void> => {
    const until = time + ms;
    await settled();
    for (;;) {
      const next = [...sleepers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      time = Math.max(time, next.at);
      sleepers.delete(next);
      next.wake();
      await settled();
    }
    time = until;
  };

  const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const sleeper = { at: time + ms, wake: resolve };
      sleepers.add(sleeper);
      signal.addEventListener("abort", () => {
        sleepers.delete(sleeper);
        reject(new Error("woken"));
      });
    });

  return { now: () => time, sleep, advance, sleepers: () => sleepers.size };
}

/** Lets everything run that waits for nothing but its turn. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
