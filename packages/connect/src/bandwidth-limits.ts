import { createSchedule, type Limits, type Schedule } from "@layaway/bandwidth";
import type { Config } from "@layaway/config";

/** Which rate the configuration allows when. */
export function bandwidthSchedule({ bandwidth }: Pick<Config, "bandwidth">): Schedule {
  const { limit, calendar, timezone } = bandwidth;
  return createSchedule({
    // `auto` is no number; what it limits, the sources say.
    limitBytesPerSecond: limit === "auto" ? undefined : limit,
    calendar,
    timezone,
  });
}

/** What the configuration allows. */
export function bandwidthLimits(config: Pick<Config, "bandwidth">): Limits {
  const { perRegistry, upload } = config.bandwidth;
  return {
    rateAt: bandwidthSchedule(config).rateAt,
    perRegistry,
    ...(upload === undefined ? {} : { uploadBytesPerSecond: upload }),
  };
}
