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

/** How far an archive is: sizes in bytes, `rate` in bytes per second over the last seconds. */
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
  const meter = createRateMeter(now);
  return {
    arrivedBytes,
    take(event) {
      switch (event.kind) {
        case "planned":
          planned = { digest: event.digest, key: event.key };
          bytes.total = event.sizeBytes;
          return;
        case "fetched":
          bytes.fetched += event.sizeBytes;
          meter.add(event.sizeBytes);
          return;
        case "stored":
          bytes.done += event.sizeBytes;
          bytes.reused += event.reusedBytes;
          if (event.reusedBytes > 0) meter.add(event.reusedBytes);
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
      const rate = Math.round(meter.read());
      return {
        ...planned,
        bytes: { ...bytes },
        ...(planned !== undefined && rate > 0
          ? { rate, etaMs: Math.round(((bytes.total - arrivedBytes()) * 1000) / rate) }
          : {}),
      };
    },
  };
}
