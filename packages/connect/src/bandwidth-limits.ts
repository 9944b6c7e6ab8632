import type { Limits } from "@layaway/bandwidth";
import type { Config } from "@layaway/config";

/** What the configuration allows. */
export function bandwidthLimits({ bandwidth }: Pick<Config, "bandwidth">): Limits {
  return { rateAt: () => bandwidth.limit, perRegistry: bandwidth.perRegistry };
}
