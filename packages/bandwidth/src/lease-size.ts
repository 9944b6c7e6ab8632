/** Small enough that every second keeps to its limit, large enough that asking costs nothing beside moving. */
export const leaseSeconds: number = 0.25;
/** Below this a request costs more than it carries. */
export const smallestLeaseBytes: number = 64 * 1024;
/** Without a limit, and for very high ones: requests cost little, and several share a part. */
export const largestLeaseBytes: number = 8 * 1024 * 1024;

/** How many bytes are handed out at once at a rate in bytes per second; `undefined` where nothing limits. */
export function leaseBytesAt(rate: number | undefined): number {
  if (rate === undefined) return largestLeaseBytes;
  return Math.min(largestLeaseBytes, Math.max(smallestLeaseBytes, Math.floor(rate * leaseSeconds)));
}
