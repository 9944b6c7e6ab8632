/** Nobody makes us wait longer than the longest step of our own schedule. */
const maxMs = 24 * 3_600_000;

/** `Retry-After` (RFC 9110, section 10.2.3): seconds or a date, in milliseconds from now; `undefined` for anything else. */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  const text = value.trim();
  const ms = /^\d+$/.test(text) ? Number(text) * 1000 : dateOf(text) - now.getTime();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), maxMs);
}

/** `Date.parse` takes much that is no HTTP date, "-5" for instance. */
function dateOf(text: string): number {
  return /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
}
