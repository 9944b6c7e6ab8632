import { InvalidRequestError } from "@layaway/errors";

/** How many minutes a zone's clocks are ahead of UTC in a minute of UTC, counted since 1970. */
export type OffsetMinutes = (utcMinute: number) => number;

/**
 * The clocks of an IANA zone, from the tables that come with the runtime. Every zone has been at whole minutes since 1972;
 * for times before, seconds of the offset are dropped. Throws InvalidRequestError for zones that the runtime does not know.
 */
export function createWallClock(timezone: string): OffsetMinutes {
  const format = formatFor(timezone);
  return (utcMinute) => {
    const wall = new Map(
      format.formatToParts(utcMinute * 60_000).map(({ type, value }) => [type, Number(value)] as const),
    );
    const part = (type: Intl.DateTimeFormatPartTypes): number => wall.get(type) ?? 0;
    const wallMs = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute"));
    return wallMs / 60_000 - utcMinute;
  };
}

/**
 * The minute in (from, to] at which the clocks are set to another time, where `from` and `to` differ in their offset.
 * Between them the clocks are set once.
 */
export function clockChange(offsetAt: OffsetMinutes, from: number, to: number): number {
  const offset = offsetAt(from);
  let before = from;
  let after = to;
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}

function formatFor(timezone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: timezone,
      calendar: "gregory",
      numberingSystem: "latn",
      // With `hour12: false` midnight may be told as 24.
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
  } catch (cause) {
    throw new InvalidRequestError(`${JSON.stringify(timezone.slice(0, 40))} is not a time zone`, { cause });
  }
}
