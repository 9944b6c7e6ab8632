/** How one request to a source went. */
export interface SourceSign {
  /** From the request to the answer's headers. */
  readonly firstByteMs: number;
  /** It failed, or its body broke off. */
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
 * Where answers become slow or fail, the rate falls to 70 % of what was moved, again every second while it goes on, and
 * then grows by 5 % of the best rate a second until it limits nothing any more.
 * `now` is a monotonic clock in milliseconds.
 */
export function createPoliteness(now: () => number): Politeness {
  let rate: number | undefined;
  let best = 0;
  let fastest: { readonly ms: number; readonly at: number } | undefined;
  let round = { startedAt: now(), answers: 0, suffering: 0, bytes: 0 };

  const isSuffering = ({ firstByteMs, failed }: SourceSign): boolean => {
    if (failed) return true;
    const at = now();
    if (fastest === undefined || firstByteMs < fastest.ms || at - fastest.at > memoryMs) {
      fastest = { ms: firstByteMs, at };
    }
    return firstByteMs > Math.max(fastest.ms * sufferingFactor, fastest.ms + sufferingMs);
  };

  const decide = (): void => {
    const seconds = (now() - round.startedAt) / 1000;
    if (seconds * 1000 < roundMs || round.answers === 0) return;
    const moved = round.bytes / seconds;
    best = Math.max(best, moved);
    if (round.suffering / round.answers >= sufferingShare) {
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
