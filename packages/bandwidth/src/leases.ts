import type { Lease } from "./governor.ts";
import { leaseBytesAt } from "./lease-size.ts";

/** A lease that takes longer than this after its limit fell is cut: what is nearly done is not worth a new request. */
const graceMs = 250;

/** The leases that are out. */
export interface Leases {
  /** `settle` gets what was moved less what was granted: negative where bytes are given back. */
  grant(sizeBytes: number, buckets: readonly string[], settle: (excessBytes: number) => void): Lease;
  /** The rate of a bucket fell: leases on it that are larger than its new ones are revoked, unless they end by themselves. */
  fell(bucket: string, rate: number): void;
  /** Whether any is out. */
  any(): boolean;
}

export function createLeases(
  later: (ms: number, then: () => void) => void = (ms, then) => void setTimeout(then, ms).unref(),
): Leases {
  const out = new Set<{ readonly sizeBytes: number; readonly buckets: readonly string[]; revoke(): void }>();
  return {
    grant(sizeBytes, buckets, settle) {
      const revocation = new AbortController();
      const entry = { sizeBytes, buckets, revoke: () => revocation.abort() };
      out.add(entry);
      return {
        sizeBytes,
        revoked: revocation.signal,
        end(movedBytes) {
          if (!out.delete(entry) || movedBytes === sizeBytes) return;
          settle(movedBytes - sizeBytes);
        },
      };
    },
    fell(bucket, rate) {
      // Of what is paused nothing is nearly done.
      const mostBytes = rate === 0 ? 0 : leaseBytesAt(rate);
      const tooLarge = [...out].filter(
        (lease) => lease.sizeBytes > mostBytes && lease.buckets.includes(bucket),
      );
      if (tooLarge.length === 0) return;
      later(graceMs, () => {
        for (const lease of tooLarge) if (out.has(lease)) lease.revoke();
      });
    },
    any: () => out.size > 0,
  };
}
