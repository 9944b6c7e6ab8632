import { InvalidRequestError } from "@layaway/errors";

/** Hours of some days of the week at which another limit holds, by the local clock. */
export interface CalendarWindow {
  /** 0 = Monday ... 6 = Sunday */
  readonly days: readonly number[];
  /** Minutes of the local day, 0..1440. From later than to runs over midnight and belongs to the day on which it begins. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** 0 = paused. */
  readonly limitBytesPerSecond: number;
}

/** What is allowed in each minute of the local week, which begins on Monday at 00:00. */
export interface Week {
  rateIn(minute: number): number | undefined;
  /** How long from the beginning of that minute until the rate becomes another one; Infinity if it never does. */
  minutesToChange(minute: number): number;
}

export const minutesPerDay: number = 1440;
export const minutesPerWeek: number = 7 * minutesPerDay;

/** The week of a calendar; `limit` holds outside its windows. Where windows overlap, the first of them counts. */
export function createWeek(calendar: readonly CalendarWindow[], limit: number | undefined): Week {
  const rates = Array.from<number | undefined>({ length: minutesPerWeek }).fill(limit);
  for (const window of calendar.toReversed()) {
    for (const minute of minutesOf(checked(window))) rates[minute] = window.limitBytesPerSecond;
  }
  const changes = [...rates.keys()].filter((minute) => rates[minute] !== rates.at(minute - 1));
  const [firstOfNextWeek = Number.POSITIVE_INFINITY] = changes.map((minute) => minute + minutesPerWeek);
  return {
    rateIn: (minute) => rates[minute],
    minutesToChange: (minute) => (changes.find((change) => change > minute) ?? firstOfNextWeek) - minute,
  };
}

function minutesOf({ days, fromMinute, toMinute }: CalendarWindow): number[] {
  const lengthMinutes = toMinute - fromMinute + (fromMinute > toMinute ? minutesPerDay : 0);
  return days.flatMap((day) =>
    Array.from(
      { length: lengthMinutes },
      (_, index) => (day * minutesPerDay + fromMinute + index) % minutesPerWeek,
    ),
  );
}

function checked(window: CalendarWindow): CalendarWindow {
  const { days, fromMinute, toMinute, limitBytesPerSecond: limit } = window;
  const minutes = [fromMinute, toMinute];
  if (!days.every((day) => Number.isInteger(day) && day >= 0 && day <= 6))
    throw new InvalidRequestError(`the days of the week are 0 to 6, not ${days.join(", ")}`);
  if (!minutes.every((minute) => Number.isInteger(minute) && minute >= 0 && minute <= minutesPerDay))
    throw new InvalidRequestError(`the minutes of a day are 0 to 1440, not ${minutes.join(", ")}`);
  if (!Number.isFinite(limit) || limit < 0)
    throw new InvalidRequestError(`a bandwidth limit is a number of bytes per second, not ${limit}`);
  return window;
}
