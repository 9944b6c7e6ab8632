import type { StoreLimits } from "@layaway/object-store";

/** A file system knows no parts. The bounds are those of the buckets, so that a plan is cut alike everywhere. */
export const fsLimits: StoreLimits = {
  minPartBytes: 1,
  maxPartBytes: 5 * 1024 ** 3,
  maxParts: 10_000,
  minCopySourceBytes: 1,
  maxObjectBytes: Number.MAX_SAFE_INTEGER,
};
