import { InvalidRequestError } from "@layaway/errors";

import { shown } from "./shown.ts";

const dayMs = 86_400_000;
const longestDays = 366;
const unitsMs: ReadonlyMap<string, number> = new Map([
  ["d", dayMs],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
]);

/**
 * Milliseconds of `"2h"`, `"90m"`, `"1h30m"`, `"45s"`, `"2d"`, `"500ms"`, or a plain number of milliseconds; at most 366 days.
 * Throws InvalidRequestError.
 */
export function parseDuration(value: string | number): number {
  const durationMs = millisecondsOf(String(value).trim());
  if (durationMs === undefined) {
    throw new InvalidRequestError(
      `${shown(value)} is not a duration (write 2d, 1h30m, 45s, 500ms or milliseconds)`,
    );
  }
  if (durationMs > longestDays * dayMs)
    throw new InvalidRequestError(`${shown(value)} is longer than ${longestDays} days`);
  return Math.round(durationMs);
}

function millisecondsOf(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/u.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/gu)].map(([whole, amount, unit = ""]) => ({
    whole,
    unitMs: unitsMs.get(unit) ?? Number.NaN,
    durationMs: Number(amount) * (unitsMs.get(unit) ?? Number.NaN),
  }));
  if (parts.length === 0 || parts.map(({ whole }) => whole).join("") !== text) return undefined;
  // Each unit once, the larger ones first.
  const fall = parts.every(({ unitMs }, index) => unitMs < (parts[index - 1]?.unitMs ?? Infinity));
  return fall ? parts.reduce((sum, { durationMs }) => sum + durationMs, 0) : undefined;
}
