export interface ThroughputRule {
  readonly minBytesPerSecond: number;
  readonly windowMs: number;
}

/**
 * Tells a server that drips from one that is alive: an idle timer never fires on one byte every few seconds.
 * It is told how long somebody waited for each piece, so the time in which nobody reads does not count against the server.
 */
export function createThroughputWatch(
  rule: ThroughputRule,
): (waitedMs: number, sizeBytes: number) => "fine" | "too_slow" {
  let waitedMs = 0;
  let sizeBytes = 0;
  return (moreMs, moreBytes) => {
    waitedMs += moreMs;
    sizeBytes += moreBytes;
    if (waitedMs < rule.windowMs) return "fine";
    const verdict = sizeBytes < (rule.minBytesPerSecond * waitedMs) / 1000 ? "too_slow" : "fine";
    waitedMs = 0;
    sizeBytes = 0;
    return verdict;
  };
}
