import type { Share } from "./governor.ts";

/** The virtual time of those who wait for one limit. */
export interface FairClock {
  readonly time: number;
  /** When the next request of a share begins that joined at `joinedAt`. */
  start(shareId: string, joinedAt: number): number;
  /** A request of the share that began at `start` got so many bytes. */
  served(share: Share, start: number, sizeBytes: number): void;
}

/**
 * Start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queuing", SIGCOMM 1996): each share has its own virtual time,
 * which advances by bytes / weight; the request that begins first goes first. Shares that always want something get bytes in
 * proportion to their weights, and nobody starves; one that was idle, or gave up, is neither paid nor charged for that.
 */
export function createFairClock(): FairClock {
  const finishes = new Map<string, number>();
  let time = 0;
  return {
    get time() {
      return time;
    },
    start: (shareId, joinedAt) => Math.max(joinedAt, finishes.get(shareId) ?? 0),
    served({ id, weight }, start, sizeBytes) {
      time = Math.max(time, start);
      finishes.set(id, start + sizeBytes / weight);
      // What lies in the past says nothing any more; who waits begins at `time` or later.
      for (const [each, finish] of finishes) if (finish < time) finishes.delete(each);
    },
  };
}
