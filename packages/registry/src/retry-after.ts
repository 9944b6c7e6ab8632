/** Docker Hub counts over six hours, the longest window we know of; who says more is asked again after that. */
const longestWaitMs = 6 * 60 * 60 * 1000;

/**
 * The wait that a `Retry-After` header asks for, in milliseconds: given in seconds or as a date (RFC 9110, section 10.2.3).
 * GHCR sends fractions and units (`0.5ms`, watchtower#2366). `undefined` where it is absent or unreadable.
 *
 * `wallClock` is the time in milliseconds since 1970, for dates.
 */
export function parseRetryAfter(header: string | undefined, wallClock: number): number | undefined {
  const text = header?.trim() ?? "";
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text) ?? [];
  if (amount !== undefined) return clamped(Number(amount) * (unit === "ms" ? 1 : 1000));
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : clamped(date - wallClock);
}

function clamped(ms: number): number {
  return Math.ceil(Math.min(longestWaitMs, Math.max(0, ms)));
}
