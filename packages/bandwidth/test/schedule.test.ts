import { createSchedule, type CalendarWindow, type ScheduleOptions } from "@layaway/bandwidth";
import { InvalidRequestError } from "@layaway/errors";
import { afterEach, describe, expect, test, vi } from "vitest";

const minuteMs = 60_000;
const everyDay = [0, 1, 2, 3, 4, 5, 6];
const workdays = window([0, 1, 2, 3, 4], "09:00", "19:00", 2e6);

describe("without a calendar", () => {
  test.each([undefined, 0, 5e6])("the limit %j holds always", (limitBytesPerSecond) => {
    const schedule = createSchedule({ limitBytesPerSecond });
    expect(schedule.rateAt(Date.now())).toBe(limitBytesPerSecond);
    expect(schedule.nextChange(Date.now())).toBeUndefined();
  });
});

describe("a window", () => {
  const schedule = createSchedule({
    limitBytesPerSecond: 80e6,
    calendar: [workdays],
    timezone: "Asia/Shanghai",
  });

  test.each([
    ["a Sunday", "2026-03-01T12:00:00.000+08:00", 80e6],
    ["the last millisecond before it", "2026-03-02T08:59:59.999+08:00", 80e6],
    ["its first millisecond", "2026-03-02T09:00:00.000+08:00", 2e6],
    ["its last millisecond", "2026-03-02T18:59:59.999+08:00", 2e6],
    ["its end", "2026-03-02T19:00:00.000+08:00", 80e6],
    ["its last day", "2026-03-06T12:00:00.000+08:00", 2e6],
    ["a Saturday", "2026-03-07T12:00:00.000+08:00", 80e6],
    ["a Monday before 1970", "1969-12-22T12:00:00.000+08:00", 2e6],
  ])("gives the right rate at %s", (_when, time, rate) => {
    expect(schedule.rateAt(Date.parse(time))).toBe(rate);
  });

  test.each([
    ["2026-03-02T08:59:59.999+08:00", "2026-03-02T09:00:00.000+08:00", 2e6],
    ["2026-03-02T09:00:00.000+08:00", "2026-03-02T19:00:00.000+08:00", 80e6],
    ["2026-03-06T19:00:00.000+08:00", "2026-03-09T09:00:00.000+08:00", 2e6],
  ])("changes the rate next, after %s, at %s", (time, at, bytesPerSecond) => {
    expect(schedule.nextChange(Date.parse(time))).toEqual({ atMs: Date.parse(at), bytesPerSecond });
  });

  test("over midnight belongs to the day on which it begins, also over the end of the week", () => {
    const calendar = [window([6], "22:00", "02:00", 0)];
    const { rateAt } = createSchedule({ calendar, timezone: "Asia/Kathmandu" });
    const rates = [
      "2026-03-01T01:59:00+05:45",
      "2026-03-01T22:00:00+05:45",
      "2026-03-02T01:59:59+05:45",
      "2026-03-02T02:00:00+05:45",
    ].map((time) => rateAt(Date.parse(time)));
    expect(rates).toEqual([undefined, 0, 0, undefined]);
  });

  test.each(["24:00", "00:00"])("may end with the day: %s", (to) => {
    const calendar = [window([0], "22:00", to, 0)];
    const { nextChange } = createSchedule({ calendar, timezone: "UTC" });
    expect(nextChange(Date.parse("2026-03-02T23:00Z"))?.atMs).toBe(Date.parse("2026-03-03T00:00Z"));
  });

  test("may end with the week", () => {
    const calendar = [window([6], "22:00", "24:00", 0)];
    const { nextChange } = createSchedule({ calendar, timezone: "UTC" });
    expect(nextChange(Date.parse("2026-03-01T23:00Z"))?.atMs).toBe(Date.parse("2026-03-02T00:00Z"));
  });

  test("that touches another one of the same rate makes no change there", () => {
    const calendar = [window([0], "00:00", "24:00", 1e6), window([1], "00:00", "12:00", 1e6)];
    const { nextChange } = createSchedule({ calendar, timezone: "UTC" });
    expect(nextChange(Date.parse("2026-03-02T12:00Z"))?.atMs).toBe(Date.parse("2026-03-03T12:00Z"));
  });

  test("of the limit that holds anyway never changes the rate", () => {
    const options = { limitBytesPerSecond: 2e6, calendar: [workdays], timezone: "Europe/Berlin" };
    expect(createSchedule(options).nextChange(0)).toBeUndefined();
    const whole = [window(everyDay, "00:00", "24:00", 1e6)];
    expect(createSchedule({ calendar: whole, timezone: "Europe/Berlin" }).nextChange(0)).toBeUndefined();
  });

  test("that stands first counts where another one overlaps it", () => {
    const calendar = [window([0], "10:00", "11:00", 1e6), window([0], "09:00", "12:00", 2e6)];
    const { rateAt } = createSchedule({ calendar, timezone: "UTC" });
    expect(rateAt(Date.parse("2026-03-02T10:30Z"))).toBe(1e6);
    expect(rateAt(Date.parse("2026-03-02T11:30Z"))).toBe(2e6);
  });
});

describe("when the clocks are set", () => {
  const night = (timezone: string): ReturnType<typeof createSchedule> =>
    createSchedule({ calendar: [window(everyDay, "02:00", "03:00", 0)], timezone });

  test("a window in the hour that is left out does not occur on that day", () => {
    const { rateAt, nextChange } = night("Europe/Berlin");
    expect(rateAt(Date.parse("2026-03-29T00:59:59.999Z"))).toBeUndefined();
    expect(rateAt(Date.parse("2026-03-29T01:00:00Z"))).toBeUndefined();
    expect(nextChange(Date.parse("2026-03-28T12:00Z"))?.atMs).toBe(Date.parse("2026-03-30T02:00+02:00"));
  });

  test("a window in the hour that is repeated lasts two hours", () => {
    const { nextChange } = night("Europe/Berlin");
    const begin = Date.parse("2026-10-25T02:00+02:00");
    expect(nextChange(begin - 1)).toEqual({ atMs: begin, bytesPerSecond: 0 });
    expect(nextChange(begin)).toEqual({
      atMs: Date.parse("2026-10-25T03:00+01:00"),
      bytesPerSecond: undefined,
    });
    expect(Date.parse("2026-10-25T03:00+01:00") - begin).toBe(120 * minuteMs);
  });

  test("by half an hour, half of the window is left out", () => {
    // Lord Howe Island goes from 02:00 to 02:30, and back from 02:00 to 01:30.
    const { nextChange } = night("Australia/Lord_Howe");
    expect(nextChange(Date.parse("2026-10-03T12:00Z"))?.atMs).toBe(Date.parse("2026-10-04T02:30+11:00"));
    expect(nextChange(Date.parse("2026-10-04T02:30+11:00"))?.atMs).toBe(Date.parse("2026-10-04T03:00+11:00"));
  });

  test("the change is found to the minute, from wherever it is looked for", () => {
    const calendar = [window(everyDay, "02:15", "02:45", 0)];
    const { nextChange } = createSchedule({ calendar, timezone: "Australia/Lord_Howe" });
    const at = Date.parse("2026-10-04T02:30+11:00");
    const found = Array.from({ length: 90 }, (_, before) => nextChange(at - (before + 1) * minuteMs)?.atMs);
    expect(new Set(found)).toEqual(new Set([at]));
  });

  test("a weekly window that is left out comes a week later", () => {
    const calendar = [window([6], "02:15", "02:45", 0)];
    const { nextChange } = createSchedule({ calendar, timezone: "America/New_York" });
    const after = Date.parse("2026-03-01T02:45-05:00");
    expect(nextChange(after)?.atMs).toBe(Date.parse("2026-03-15T02:15-04:00"));
  });
});

describe("the runtime's time zones", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  test("are asked once a minute by rateAt", () => {
    const { rateAt } = createSchedule({ calendar: [workdays], timezone: "Europe/Berlin" });
    const asked = vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts");
    const start = Date.parse("2026-03-02T07:59:00Z");
    for (let ms = 0; ms < 2 * minuteMs; ms += 10) rateAt(start + ms);
    expect(asked).toHaveBeenCalledTimes(2);
  });

  test("are asked a few dozen times by nextChange, at most", () => {
    const calendar = [window([6], "02:15", "02:16", 0)];
    const { nextChange } = createSchedule({ calendar, timezone: "America/New_York" });
    const asked = vi.spyOn(Intl.DateTimeFormat.prototype, "formatToParts");
    nextChange(Date.parse("2026-03-01T02:16-05:00"));
    expect(asked.mock.calls.length).toBeGreaterThan(1);
    expect(asked.mock.calls.length).toBeLessThan(36);
  });
});

describe("what is none is refused:", () => {
  const day = window([0], "09:00", "19:00", 2e6);
  test.each<[string, ScheduleOptions]>([
    ["a negative limit", { limitBytesPerSecond: -1 }],
    ["a limit that is no number", { limitBytesPerSecond: Number.NaN }],
    ["a calendar without a time zone", { calendar: [day] }],
    ["a time zone nobody knows", { calendar: [day], timezone: "Mars/Olympus" }],
    ["an eighth day", { calendar: [{ ...day, days: [7] }], timezone: "UTC" }],
    ["a day before Monday", { calendar: [{ ...day, days: [-1] }], timezone: "UTC" }],
    ["a time after the day's end", { calendar: [{ ...day, toMinute: 1441 }], timezone: "UTC" }],
    ["half a minute", { calendar: [{ ...day, fromMinute: 0.5 }], timezone: "UTC" }],
    ["a window's limit below 0", { calendar: [{ ...day, limitBytesPerSecond: -1 }], timezone: "UTC" }],
  ])("%s", (_what, options) => {
    expect(() => createSchedule(options)).toThrow(InvalidRequestError);
  });
});

function window(days: readonly number[], from: string, to: string, limit: number): CalendarWindow {
  return { days, fromMinute: minutes(from), toMinute: minutes(to), limitBytesPerSecond: limit };
}

function minutes(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}
