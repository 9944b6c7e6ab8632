/** How one request to a source went. */
export interface SourceSign {
  /** Who answered: the registry itself, or a place that it sends to. One is not as fast as the other. */
  readonly by: "registry" | "place";
  /** From when the request was sent to the answer's headers; `undefined` where there were none, or none of their own. */
  readonly firstByteMs: number | undefined;
  /** The source did not answer, was overloaded, or its body broke off. */
  readonly failed: boolean;
  /** What its answer brought. */
  readonly bytes: number;
}

/** A rate that follows how a source bears it. */
export interface Politeness {
  observe(sign: SourceSign): void;
  /** Bytes per second; `undefined` while the source shows no sign of suffering. */
  rate(): number | undefined;
}

/** As often as it is decided. */
const roundMs = 1000;
/** An answer that takes this much longer than the best of late is a sign of suffering: twice as long, and noticeably. */
const sufferingFactor = 2;
const sufferingMs = 100;
/** Of the answers of a round. */
const sufferingShare = 0.25;
/** Multiplicative decrease, additive increase: the sources' own congestion control does the same (RFC 5681, section 3.1). */
const decrease = 0.7;
/** Of the best rate that was seen, each round. */
const increase = 0.05;
/** Slower than this would never end. */
const leastRate = 64 * 1024;
/** A source that became slower for good is not suffering for ever: how long the best answer counts. */
const memoryMs = 5 * 60_000;

/**
 * "limit: auto": no number, but manners. While the first byte comes as fast as it used to and nothing fails, nothing is limited.
 * How fast that is, is known apart for the registry and for the places it sends to: a slow redirect is no slow storage.
 * Where answers become slow or fail, the rate falls to 70 % of what was moved, again every second while it goes on, and
 * then grows by 5 % of the best rate a second until it limits nothing any more.
 * `now` is a monotonic clock in milliseconds.
 */
export function createPoliteness(now: () => number): Politeness {
  let rate: number | undefined;
  let best = 0;
  const fastest = new Map<SourceSign["by"], { readonly ms: number; readonly at: number }>();
  let round = { startedAt: now(), answers: 0, suffering: 0, bytes: 0 };

  const isSuffering = ({ by, firstByteMs, failed }: SourceSign): boolean => {
    if (failed) return true;
    if (firstByteMs === undefined) return false;
    const at = now();
    const known = fastest.get(by);
    if (known === undefined || firstByteMs < known.ms || at - known.at > memoryMs) {
      fastest.set(by, { ms: firstByteMs, at });
      return false;
    }
    return firstByteMs > Math.max(known.ms * sufferingFactor, known.ms + sufferingMs);
  };

  const decide = (): void => {
    const seconds = (now() - round.startedAt) / 1000;
    if (seconds * 1000 < roundMs || round.answers === 0) return;
    const moved = round.bytes / seconds;
    best = Math.max(best, moved);
    // Of a source that brought nothing yet it is not known what it bears.
    if (best > 0 && round.suffering / round.answers >= sufferingShare) {
      rate = Math.max(leastRate, Math.min(rate ?? moved, moved) * decrease);
    } else if (rate !== undefined) {
      rate += Math.max(leastRate, best * increase) * seconds;
      if (rate > 2 * best) rate = undefined;
    }
    round = { startedAt: now(), answers: 0, suffering: 0, bytes: 0 };
  };

  return {
    observe(sign) {
      round.answers += 1;
      round.bytes += sign.bytes;
      if (isSuffering(sign)) round.suffering += 1;
      decide();
    },
    rate: () => rate,
  };
}
