import type { Digest } from "@layaway/oci";

import { createRateMeter } from "./rate-meter.ts";

/** What happens while an archive is made, in the order it happens. */
export type ArchiveEvent =
  | {
      readonly kind: "planned";
      readonly digest: Digest;
      readonly key: string;
      readonly sizeBytes: number;
      readonly layers: readonly { readonly digest: Digest; readonly sizeBytes: number }[];
    }
  /** Bytes came from the registry; repeated ones count again. */
  | { readonly kind: "fetched"; readonly blob: Digest; readonly sizeBytes: number }
  /** A part stands in the store; `reusedBytes` of it did not come from the registry. */
  | { readonly kind: "stored"; readonly sizeBytes: number; readonly reusedBytes: number }
  /** Parts stand in the store since an earlier attempt. */
  | { readonly kind: "resumed"; readonly sizeBytes: number }
  /** Something failed and is tried again; `restart` means from the first byte. */
  | { readonly kind: "retry"; readonly what: "store" | "restart"; readonly message: string };

/**
 * How far an archive is: sizes in bytes, `rate` in bytes per second that came over the last seconds. `etaMs` is absent where
 * it is not known: while nothing moves, and where the store has yet to show how fast it is.
 */
export interface ArchiveProgress {
  readonly digest?: Digest;
  readonly key?: string;
  readonly bytes: {
    readonly total: number;
    readonly done: number;
    readonly fetched: number;
    readonly reused: number;
  };
  readonly rate?: number;
  readonly etaMs?: number;
}

/** Adds events up. `now` is a monotonic clock in milliseconds. */
export function createProgressTally(now: () => number): {
  readonly take: (event: ArchiveEvent) => void;
  readonly read: () => ArchiveProgress;
  /** Bytes that have arrived of this attempt, stored or not yet: what a progress bar shows. */
  readonly arrivedBytes: () => number;
} {
  let planned: { digest: Digest; key: string } | undefined;
  const bytes = { total: 0, done: 0, fetched: 0, reused: 0 };
  let fetchedBefore = 0;
  let resumedBytes = 0;
  // Headers and small entries are neither fetched nor reused: what is stored counts them.
  const arrivedBytes = (): number =>
    Math.min(bytes.total, Math.max(bytes.done, bytes.fetched - fetchedBefore + bytes.reused + resumedBytes));
  const arriving = createRateMeter(now);
  const storing = createRateMeter(now);
  let plannedAt = 0;
  /** What the archive holds besides layers: it is stored without having been fetched as part of it. */
  let unfetchedBytes = 0;
  let storedBytes = 0;

  /** `undefined`: there is no telling. */
  const etaMs = (rate: number): number | undefined => {
    const leftToArrive = bytes.total - arrivedBytes();
    // A store that is slow holds back what arrives, but for the parts that wait for it: these are left when all is there.
    if (leftToArrive > unfetchedBytes)
      return rate === 0 ? undefined : Math.round((leftToArrive * 1000) / rate);
    const leftToStore = bytes.total - bytes.done;
    if (leftToStore === 0) return 0;
    // Parts may be far apart, and then the mean of all must do.
    const storeRate = storing.read() || (storedBytes * 1000) / Math.max(1, now() - plannedAt);
    return storeRate === 0 ? undefined : Math.round((leftToStore * 1000) / storeRate);
  };

  return {
    arrivedBytes,
    take(event) {
      switch (event.kind) {
        case "planned":
          planned = { digest: event.digest, key: event.key };
          bytes.total = event.sizeBytes;
          plannedAt = now();
          unfetchedBytes = event.layers.reduce((left, { sizeBytes }) => left - sizeBytes, event.sizeBytes);
          return;
        case "fetched":
          bytes.fetched += event.sizeBytes;
          arriving.add(event.sizeBytes);
          return;
        case "stored":
          bytes.done += event.sizeBytes;
          bytes.reused += event.reusedBytes;
          storedBytes += event.sizeBytes;
          storing.add(event.sizeBytes);
          if (event.reusedBytes > 0) arriving.add(event.reusedBytes);
          return;
        case "resumed":
          bytes.done += event.sizeBytes;
          resumedBytes = event.sizeBytes;
          return;
        case "retry":
          if (event.what !== "restart") return;
          bytes.done = bytes.reused = resumedBytes = 0;
          fetchedBefore = bytes.fetched;
          return;
      }
    },
    read() {
      if (planned === undefined) return { bytes: { ...bytes } };
      const rate = Math.round(arriving.read());
      const left = etaMs(rate);
      return { ...planned, bytes: { ...bytes }, rate, ...(left === undefined ? {} : { etaMs: left }) };
    },
  };
}
