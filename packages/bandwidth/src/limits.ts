/** What is allowed, in bytes per second. */
export interface Limits {
  /** For everything that is fetched, at a time in milliseconds since 1970: `undefined` = unlimited, 0 = paused. */
  readonly rateAt: (epochMs: number) => number | undefined;
  /** Further limits by registry host. */
  readonly perRegistry?: Readonly<Record<string, number>> | undefined;
  /** For everything that is uploaded; absent: unlimited. */
  readonly uploadBytesPerSecond?: number | undefined;
}

/** The names of the buckets that a lease is taken from. */
export function bucketsOf(
  limits: Limits,
  {
    direction = "fetch",
    registry,
  }: { direction?: "fetch" | "upload" | undefined; registry?: string | undefined },
): readonly string[] {
  if (direction === "upload") return ["upload"];
  const hasOwn = registry !== undefined && Object.hasOwn(limits.perRegistry ?? {}, registry);
  return hasOwn ? ["fetch", `registry:${registry}`] : ["fetch"];
}

/** The line in which those wait who take from these buckets: that of the most special one. */
export function lineOf(buckets: readonly string[]): string {
  return buckets.at(-1) ?? "fetch";
}

/** The rate of a bucket at a time; `undefined` = unlimited. */
export function bucketRate(limits: Limits, bucket: string, epochMs: number): number | undefined {
  if (bucket === "fetch") return limits.rateAt(epochMs);
  if (bucket === "upload") return limits.uploadBytesPerSecond;
  return limits.perRegistry?.[bucket.slice("registry:".length)];
}

/** The least of several rates. */
export function leastRate(rates: readonly (number | undefined)[]): number | undefined {
  return rates.reduce(
    (least, rate) => (rate === undefined ? least : Math.min(least ?? rate, rate)),
    undefined,
  );
}
