import type { OutboundResponse } from "@layaway/outbound";

import { RateLimitedError } from "./errors.ts";

/** What registries tell of the pulls they still allow, and who may pull. */
export interface PullAllowance {
  /**
   * Before a request that costs a pull. Throws RateLimitedError where no pull is left above the floor; a figure that is older
   * is looked up with `refresh` first, a request that costs nothing. What it returns is called when the answer is there, or
   * is not to come.
   */
  admit(registry: string, refresh: () => Promise<void>): Promise<(outcome: "answered" | "failed") => void>;
  /** Before any request whose answer may tell: what it returns takes that answer. */
  listen(registry: string): (response: Pick<OutboundResponse, "header">) => void;
}

interface Figure {
  readonly remaining: number;
  readonly limit: number | undefined;
  readonly windowMs: number;
  /** Milliseconds, monotonic. */
  readonly toldAt: number;
  /** The place in the order of requests and answers. */
  readonly turn: number;
}

/** Others may pull from the same address, and the window moves on: an older figure is not worth a wait. */
const freshMs = 60_000;
const leastWaitMs = 60_000;
const longestWaitMs = 15 * 60_000;
/** Who waits for the same allowance comes back apart. */
const spread = 0.2;

/**
 * Docker Hub tells its limit with every manifest, by GET (which costs a pull) and by HEAD (which does not). Answers may
 * overtake each other, so of those that were under way together the lowest figure counts; pulls under way count as spent.
 */
export function createPullAllowance(options: {
  readonly floorFor: (registry: string) => number;
  readonly random: () => number;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}): PullAllowance {
  const figures = new Map<string, Figure>();
  const underWay = new Map<string, number>();
  let turns = 0;

  const isSpent = (registry: string, figure: Figure | undefined): figure is Figure =>
    figure !== undefined && figure.remaining - (underWay.get(registry) ?? 0) <= options.floorFor(registry);

  const begin = (registry: string): ((outcome: "answered" | "failed") => void) => {
    underWay.set(registry, (underWay.get(registry) ?? 0) + 1);
    return (outcome) => {
      underWay.set(registry, (underWay.get(registry) ?? 1) - 1);
      const figure = figures.get(registry);
      // It may have been counted before it failed.
      if (outcome === "failed" && figure !== undefined)
        figures.set(registry, { ...figure, remaining: figure.remaining - 1 });
    };
  };

  return {
    async admit(registry, refresh) {
      const figure = figures.get(registry);
      if (isSpent(registry, figure) && options.now() - figure.toldAt >= freshMs) {
        await refresh();
        // Nothing was told any more: whoever pays has no limit.
        if (figures.get(registry) === figure) figures.delete(registry);
      }
      const latest = figures.get(registry);
      if (isSpent(registry, latest)) throw spent(registry, latest, options.random());
      return begin(registry);
    },
    listen(registry) {
      turns += 1;
      const askedIn = turns;
      return (response) => {
        const remaining = parseLimit(response.header("ratelimit-remaining"));
        if (remaining === undefined) return;
        const before = figures.get(registry);
        if (before !== undefined && before.turn > askedIn && before.remaining <= remaining.count) return;
        turns += 1;
        figures.set(registry, {
          remaining: remaining.count,
          limit: parseLimit(response.header("ratelimit-limit"))?.count,
          windowMs: remaining.windowMs,
          toldAt: options.now(),
          turn: turns,
        });
      };
    },
  };
}

/** Waits about as long as one more pull takes to become free. */
function spent(registry: string, { remaining, limit, windowMs }: Figure, random: number): RateLimitedError {
  const pullMs = limit === undefined ? leastWaitMs : windowMs / limit;
  const waitMs = Math.min(longestWaitMs, Math.max(leastWaitMs, pullMs)) * (1 + spread * random);
  const of = limit === undefined ? "" : ` of ${limit}`;
  return new RateLimitedError(
    `${registry}: ${Math.max(0, remaining)}${of} pulls are left for now; the manifest was not asked for`,
    { retryAfterMs: Math.round(waitMs) },
  );
}

/**
 * Docker Hub's form, `76;w=21600` (docker/docs `content/manuals/docker-hub/usage/pulls.md`). A number alone counts requests,
 * at other registries, and is gone within seconds.
 */
function parseLimit(
  header: string | undefined,
): { readonly count: number; readonly windowMs: number } | undefined {
  const [, count, seconds] = /^\s*(\d{1,9})\s*;\s*w=(\d{1,9})\b/.exec(header ?? "") ?? [];
  return count === undefined ? undefined : { count: Number(count), windowMs: Number(seconds) * 1000 };
}
