import type { Share } from "./governor.ts";

/** Those who wait, in the order in which they are to be served. */
export interface FairQueue<T> {
  add(entry: T, share: Share, sizeBytes: number): void;
  remove(entry: T): void;
  /** Everything that waits, next first. */
  inOrder(): readonly T[];
  /** Removes it and counts it as served. */
  serve(entry: T): void;
  readonly size: number;
}

/**
 * Start-time fair queueing (Goyal, Vin, Cheng: "Start-time Fair Queuing", SIGCOMM 1996): each share has its own virtual time,
 * which advances by bytes / weight; the entry with the lowest start time goes first. Shares that always want something
 * get bytes in proportion to their weights, and nobody starves; one that was idle gets no credit for that.
 */
export function createFairQueue<T>(): FairQueue<T> {
  const entries = new Map<T, { readonly start: number; readonly order: number }>();
  const finishes = new Map<string, number>();
  let virtualTime = 0;
  let added = 0;

  return {
    add(entry, { id, weight }, sizeBytes) {
      const start = Math.max(virtualTime, finishes.get(id) ?? 0);
      finishes.set(id, start + sizeBytes / weight);
      added += 1;
      entries.set(entry, { start, order: added });
    },
    remove: (entry) => void entries.delete(entry),
    inOrder: () =>
      [...entries].sort(([, a], [, b]) => a.start - b.start || a.order - b.order).map(([entry]) => entry),
    serve(entry) {
      const served = entries.get(entry);
      if (served === undefined) return;
      entries.delete(entry);
      virtualTime = Math.max(virtualTime, served.start);
      // What lies in the past says nothing any more.
      for (const [id, finish] of finishes) if (finish <= virtualTime) finishes.delete(id);
    },
    get size() {
      return entries.size;
    },
  };
}
