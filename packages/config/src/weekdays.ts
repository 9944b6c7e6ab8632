import { InvalidRequestError } from "@layaway/errors";

import { shown } from "./shown.ts";

const names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const week = [0, 1, 2, 3, 4, 5, 6];

/**
 * Days of the week, 0 = Monday, ascending: of `mon-fri`, `sat`, `fri-mon` (over the end of the week), `mon,wed,fri`, `daily`,
 * in any case, or of a list of such texts. Throws InvalidRequestError.
 */
export function parseDays(value: string | readonly string[]): number[] {
  const words = (typeof value === "string" ? [value] : value).flatMap((text) => text.split(","));
  if (words.length === 0) throw new InvalidRequestError("names no day");
  const found = new Set(words.flatMap((word) => daysOf(word.trim())));
  return week.filter((day) => found.has(day));
}

/** The shortest text that `parseDays` takes for these days. */
export function formatDays(days: readonly number[]): string {
  if (days.length === week.length) return "daily";
  const follows = (day: number): number => (day + 1) % 7;
  const firsts = days.filter((day) => !days.some((other) => follows(other) === day));
  return firsts
    .map((first) => {
      let last = first;
      while (days.includes(follows(last))) last = follows(last);
      return first === last ? nameOf(first) : `${nameOf(first)}-${nameOf(last)}`;
    })
    .join(",");
}

/** The name of a day, 0 = Monday. */
export function nameOf(day: number): string {
  return names[day] ?? "";
}

function daysOf(word: string): readonly number[] {
  if (word.toLowerCase() === "daily") return week;
  const [first = -1, last = first, ...rest] = word
    .toLowerCase()
    .split("-")
    .map((name) => names.indexOf(name.trim()));
  if (first === -1 || last === -1 || rest.length > 0) {
    throw new InvalidRequestError(
      `${shown(word)} is no day of the week (write mon-fri, sat, mon,wed,fri or daily)`,
    );
  }
  const length = (last - first + 7) % 7;
  return Array.from({ length: length + 1 }, (_, index) => (first + index) % 7);
}
