import type { CalendarEntry } from "./config.ts";

export const minutesPerDay: number = 1440;
const minutesPerWeek = 7 * minutesPerDay;

/**
 * The first minute of the week at which one of the entries begins while the other one holds; `undefined` where they do not
 * overlap. The week is a circle: what begins late on Sunday may meet what begins early on Monday.
 */
export function firstCommonMinute(one: CalendarEntry, other: CalendarEntry): number | undefined {
  const starts = [...startsWithin(one, other), ...startsWithin(other, one)];
  return starts.length === 0 ? undefined : Math.min(...starts);
}

function startsWithin(outer: CalendarEntry, inner: CalendarEntry): number[] {
  const { fromMinute, toMinute } = outer;
  const lengthMinutes = toMinute - fromMinute + (fromMinute > toMinute ? minutesPerDay : 0);
  return startsOf(inner).filter((start) =>
    startsOf(outer).some((begin) => (start - begin + minutesPerWeek) % minutesPerWeek < lengthMinutes),
  );
}

function startsOf({ days, fromMinute }: CalendarEntry): number[] {
  return days.map((day) => (day * minutesPerDay + fromMinute) % minutesPerWeek);
}
