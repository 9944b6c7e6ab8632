import { createFairClock, type FairClock } from "./fair-clock.ts";
import type { Share } from "./governor.ts";

/** Somebody who waits for bytes. */
export interface Waiting {
  readonly share: Share;
  /** `upload`, `fetch`, or the registry's bucket where that has a limit of its own. */
  readonly line: string;
}

/** Those who wait, in lines: all of a line wait for the same limits. */
export interface FairQueue<T extends Waiting> {
  add(entry: T): void;
  remove(entry: T): void;
  /** The first of each line, those who may go before others first. */
  heads(): readonly T[];
  /** Removes it, and counts what it got. */
  serve(entry: T, sizeBytes: number): void;
  readonly size: number;
}

interface Place {
  readonly joinedLine: number;
  readonly joinedFetch: number;
}

/**
 * A line for each limit, with a virtual time of its own: what moves fast through one says nothing of the shares in
 * another. The heads of lines that also wait for the limit of everything that is fetched go in the order of that one's time.
 */
export function createFairQueue<T extends Waiting>(): FairQueue<T> {
  const lines = new Map<string, { readonly clock: FairClock; readonly entries: Map<T, Place> }>();
  const fetch = createFairClock();
  const line = (name: string): { readonly clock: FairClock; readonly entries: Map<T, Place> } => {
    const known = lines.get(name) ?? {
      clock: name === "fetch" ? fetch : createFairClock(),
      entries: new Map<T, Place>(),
    };
    lines.set(name, known);
    return known;
  };
  const lineStart = (entry: T, { joinedLine }: Place): number =>
    line(entry.line).clock.start(entry.share.id, joinedLine);
  const fetchStart = (entry: T, { joinedFetch }: Place): number => fetch.start(entry.share.id, joinedFetch);

  return {
    add(entry) {
      const { clock, entries } = line(entry.line);
      entries.set(entry, { joinedLine: clock.time, joinedFetch: fetch.time });
    },
    remove: (entry) => void line(entry.line).entries.delete(entry),
    heads() {
      const heads = [...lines.values()].flatMap(({ entries }) => {
        let head: { readonly entry: T; readonly place: Place; readonly start: number } | undefined;
        for (const [entry, place] of entries) {
          const start = lineStart(entry, place);
          if (head === undefined || start < head.start) head = { entry, place, start };
        }
        return head === undefined ? [] : [head];
      });
      return heads
        .toSorted((a, b) => fetchStart(a.entry, a.place) - fetchStart(b.entry, b.place))
        .map(({ entry }) => entry);
    },
    serve(entry, sizeBytes) {
      const { clock, entries } = line(entry.line);
      const place = entries.get(entry);
      if (place === undefined) return;
      entries.delete(entry);
      const begins = { line: lineStart(entry, place), fetch: fetchStart(entry, place) };
      clock.served(entry.share, begins.line, sizeBytes);
      if (entry.line !== "fetch" && entry.line !== "upload")
        fetch.served(entry.share, begins.fetch, sizeBytes);
    },
    get size() {
      return [...lines.values()].reduce((sum, { entries }) => sum + entries.size, 0);
    },
  };
}
