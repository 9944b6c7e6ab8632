import type { Governor } from "@layaway/bandwidth";
import type { Config } from "@layaway/config";
import type { Pace } from "@layaway/object-store";

/** How fast uploads may go; `undefined` where the configuration has no limit for them, so that nothing is cut into pieces. */
export function uploadPace({ bandwidth }: Pick<Config, "bandwidth">, governor: Governor): Pace | undefined {
  if (bandwidth.upload === undefined) return undefined;
  return async (upToBytes, signal) => {
    const lease = await governor.lease(upToBytes, { direction: "upload", signal });
    lease.end(lease.sizeBytes);
    return lease.sizeBytes;
  };
}
