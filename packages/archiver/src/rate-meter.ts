/** Measures how fast bytes come that come in bursts. */
export interface RateMeter {
  add(sizeBytes: number): void;
  /** Bytes per second, lately. */
  read(): number;
}

/** Bytes that come within so long belong to one burst: a lease of the bandwidth budget arrives at the speed of the link. */
const burstMs = 100;
/** Long enough to be calm, short enough to follow a change of the limit. */
const spanMs = 8000;
/** Where many share a limit, bursts are far apart; fewer than these tell little. */
const leastBursts = 6;
const longestSpanMs = 60_000;

interface Burst {
  readonly at: number;
  /** What had come before it. */
  readonly before: number;
}

/**
 * Measured from the beginning of one burst to the beginning of another, so that it does not matter when one looks. Only
 * where the next burst is overdue does the time since the last one count.
 * `now` is a monotonic clock in milliseconds.
 */
export function createRateMeter(now: () => number): RateMeter {
  const bursts: Burst[] = [];
  let total = 0;

  const forget = (at: number): void => {
    while (bursts.length > leastBursts && (bursts[1]?.at ?? at) <= at - spanMs) bursts.shift();
    while (bursts.length > 0 && (bursts[0]?.at ?? at) < at - longestSpanMs) bursts.shift();
  };

  return {
    add(sizeBytes) {
      const at = now();
      const last = bursts.at(-1);
      if (last === undefined || at - last.at >= burstMs) bursts.push({ at, before: total });
      total += sizeBytes;
      forget(at);
    },
    read() {
      const at = now();
      forget(at);
      const [first] = bursts;
      const last = bursts.at(-1);
      if (first === undefined || last === undefined) return 0;
      const betweenMs = last.at - first.at;
      const usualGapMs = betweenMs / Math.max(1, bursts.length - 1);
      const isOverdue = bursts.length < 3 || at - last.at > 2 * usualGapMs;
      if (!isOverdue) return ((last.before - first.before) * 1000) / betweenMs;
      return at > first.at ? ((total - first.before) * 1000) / (at - first.at) : 0;
    },
  };
}
