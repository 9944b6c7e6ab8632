import { createSchedule, type CalendarWindow, type Schedule } from "@layaway/bandwidth";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

const minuteMs = 60_000;
const dayMs = 1440 * minuteMs;

// Where clocks are set: by an hour at night, by half an hour, at midnight, by a whole day, around Ramadan; and never.
const places: readonly (readonly [zone: string, ...changes: string[]])[] = [
  ["Europe/Berlin", "2026-03-29T01:00Z", "2026-10-25T01:00Z"],
  ["America/New_York", "2026-03-08T07:00Z", "2026-11-01T06:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00Z", "2026-10-03T15:30Z"],
  ["America/Santiago", "2026-04-05T03:00Z", "2026-09-06T04:00Z"],
  ["Pacific/Apia", "2011-12-30T10:00Z"],
  ["Africa/Casablanca", "2025-02-23T02:00Z", "2025-04-06T02:00Z"],
  ["Asia/Shanghai", "2026-03-29T01:00Z"],
  ["Asia/Kathmandu", "2026-03-29T01:00Z"],
];
const moment = fc
  .constantFrom(...places.flatMap(([zone, ...changes]) => changes.map((change) => ({ zone, change }))))
  .chain(({ zone, change }) =>
    fc
      .oneof(fc.integer({ min: -dayMs, max: dayMs }), fc.integer({ min: -9 * dayMs, max: 9 * dayMs }))
      .map((distanceMs) => ({ zone, atMs: Date.parse(change) + distanceMs })),
  );

// Many windows begin and end in the small hours, in which the clocks are set.
const minute = fc.oneof(fc.integer({ min: 0, max: 240 }), fc.integer({ min: 0, max: 1440 }));
const limit = fc.constantFrom(0, 1e6, 2e6);
const calendar = fc.array(
  fc.record({
    days: fc.subarray([0, 1, 2, 3, 4, 5, 6]),
    fromMinute: minute,
    toMinute: minute,
    limitBytesPerSecond: limit,
  }),
  { minLength: 1, maxLength: 4 },
);
const base = fc.option(limit, { nil: undefined });

describe("at any time, in any zone", () => {
  test("the rate is that of the first window in which the clock on the wall is", () => {
    fc.assert(
      fc.property(moment, calendar, base, ({ zone, atMs }, windows, limitBytesPerSecond) => {
        const schedule = createSchedule({ limitBytesPerSecond, calendar: windows, timezone: zone });
        const found = windows.find((window) => holds(window, wallTime(atMs, zone)));
        expect(schedule.rateAt(atMs)).toBe(
          found === undefined ? limitBytesPerSecond : found.limitBytesPerSecond,
        );
      }),
      { numRuns: 400 },
    );
  });

  test("the rate is the same in whichever order times are asked for", () => {
    fc.assert(
      fc.property(
        moment,
        calendar,
        fc.array(fc.nat(3 * minuteMs), { maxLength: 5 }),
        ({ zone, atMs }, windows, later) => {
          const options = { calendar: windows, timezone: zone };
          const schedule = createSchedule(options);
          for (const ms of later) {
            expect(schedule.rateAt(atMs + ms)).toBe(createSchedule(options).rateAt(atMs + ms));
          }
        },
      ),
    );
  });

  test("the next change is the first one that looking at every minute finds", () => {
    fc.assert(
      fc.property(moment, calendar, base, ({ zone, atMs }, windows, limitBytesPerSecond) => {
        const schedule = createSchedule({ limitBytesPerSecond, calendar: windows, timezone: zone });
        expect(schedule.nextChange(atMs)).toEqual(scan(schedule, atMs));
      }),
      { numRuns: 60 },
    );
  });
});

/** Sixteen days: a weekly window may be left out once. */
function scan({ rateAt }: Schedule, fromMs: number): ReturnType<Schedule["nextChange"]> {
  const rate = rateAt(fromMs);
  for (
    let atMs = Math.ceil((fromMs + 1) / minuteMs) * minuteMs;
    atMs < fromMs + 16 * dayMs;
    atMs += minuteMs
  ) {
    if (rateAt(atMs) !== rate) return { atMs, bytesPerSecond: rateAt(atMs) };
  }
  return undefined;
}

interface WallTime {
  readonly day: number;
  readonly minute: number;
}

/** As people read it from a clock that shows the day of the week. */
function wallTime(atMs: number, timeZone: string): WallTime {
  const shown = new Date(atMs).toLocaleString("en-GB", {
    timeZone,
    weekday: "short",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const [, weekday = "", hours, minutes] = /^(\w{3}) (\d\d):(\d\d)$/.exec(shown) ?? [];
  const day = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(weekday);
  expect(day).not.toBe(-1);
  return { day, minute: Number(hours) * 60 + Number(minutes) };
}

function holds({ days, fromMinute, toMinute }: CalendarWindow, wall: WallTime): boolean {
  const begins = days.includes(wall.day);
  if (fromMinute <= toMinute) return begins && wall.minute >= fromMinute && wall.minute < toMinute;
  const began = days.includes((wall.day + 6) % 7);
  return (begins && wall.minute >= fromMinute) || (began && wall.minute < toMinute);
}
