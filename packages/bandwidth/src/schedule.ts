import { InvalidRequestError } from "@layaway/errors";

import { clockChange, createWallClock } from "./wall-clock.ts";
import { createWeek, minutesPerDay, minutesPerWeek, type CalendarWindow } from "./week.ts";

export interface ScheduleOptions {
  /** Outside the calendar's windows; absent: unlimited, 0: paused. */
  readonly limitBytesPerSecond?: number | undefined;
  readonly calendar?: readonly CalendarWindow[] | undefined;
  /** IANA name of the zone whose clocks the calendar goes by; needed where there is a calendar. */
  readonly timezone?: string | undefined;
}

/** Which rate holds when. Times are in milliseconds since 1970, UTC. */
export interface Schedule {
  /** Bytes per second allowed at that time; `undefined` = unlimited, 0 = paused. Cheap: called for every window of bytes. */
  rateAt(epochMs: number): number | undefined;
  /** The next time at which the rate becomes another one; `undefined` where it never does. */
  nextChange(
    epochMs: number,
  ): { readonly atMs: number; readonly bytesPerSecond: number | undefined } | undefined;
}

/**
 * The schedule of a limit with a weekly calendar. The clock on the wall decides: a window from 02:00 to 03:00 does not occur
 * on the day on which that hour is left out, and lasts two hours on the day on which it is repeated. Throws
 * InvalidRequestError for limits, windows and zones that are none.
 */
export function createSchedule(options: ScheduleOptions): Schedule {
  const { limitBytesPerSecond: limit, calendar = [], timezone } = options;
  if (limit !== undefined && !(Number.isFinite(limit) && limit >= 0))
    throw new InvalidRequestError(`a bandwidth limit is a number of bytes per second, not ${limit}`);
  if (calendar.length === 0) return { rateAt: () => limit, nextChange: () => undefined };
  if (timezone === undefined) throw new InvalidRequestError("a calendar needs a time zone");
  const week = createWeek(calendar, limit);
  const offsetAt = createWallClock(timezone);
  let known: { readonly minute: number; readonly rate: number | undefined } | undefined;

  return {
    // Windows begin and end at full minutes, so what holds at a minute's beginning holds until its end.
    rateAt: (epochMs) => {
      const minute = minuteOf(epochMs);
      if (known?.minute !== minute)
        known = { minute, rate: week.rateIn(minuteOfWeek(minute, offsetAt(minute))) };
      return known.rate;
    },
    // From one place to the next at which the rate may change: where the week says so as long as the clocks just run on,
    // or where they are set. A day is the longest step, as within one the clocks are set once at most.
    nextChange: (epochMs) => {
      let minute = minuteOf(epochMs);
      let offset = offsetAt(minute);
      const rate = week.rateIn(minuteOfWeek(minute, offset));
      if (week.minutesToChange(0) === Number.POSITIVE_INFINITY) return undefined;
      // A window that a change of the clocks leaves out comes a week later.
      for (const end = minute + 3 * minutesPerWeek; minute < end;) {
        const step = Math.min(week.minutesToChange(minuteOfWeek(minute, offset)), minutesPerDay);
        const offsetThere = offsetAt(minute + step);
        minute = offsetThere === offset ? minute + step : clockChange(offsetAt, minute, minute + step);
        offset = offsetThere;
        const next = week.rateIn(minuteOfWeek(minute, offset));
        if (next !== rate) return { atMs: minute * 60_000, bytesPerSecond: next };
      }
      return undefined;
    },
  };
}

function minuteOf(epochMs: number): number {
  return Math.floor(epochMs / 60_000);
}

function minuteOfWeek(utcMinute: number, offsetMinutes: number): number {
  // 1970 began on a Thursday, three days into its week.
  const minute = (utcMinute + offsetMinutes + 3 * minutesPerDay) % minutesPerWeek;
  return minute < 0 ? minute + minutesPerWeek : minute;
}
