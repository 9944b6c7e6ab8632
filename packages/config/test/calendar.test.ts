import { parseConfig, redactConfig, type CalendarEntry, type Config } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

const everyDay = [0, 1, 2, 3, 4, 5, 6];

describe("a calendar", () => {
  test("is taken as the contract shows it", () => {
    const text = `
bandwidth:
  limit: 80MB/s
  calendar:
    - { days: mon-fri, from: "09:00", to: "19:00", limit: 2MB/s }
    - { days: [sat, SUN], from: 00:00, to: 24:00, limit: 0 }
  timezone: Asia/Shanghai
  upload: 10MiB/s
  perRegistry: { docker.io: 20MB/s }
`;
    expect(parseConfig(text, {}).bandwidth).toEqual({
      limit: 80e6,
      calendar: [
        { days: [0, 1, 2, 3, 4], fromMinute: 540, toMinute: 1140, limitBytesPerSecond: 2e6 },
        { days: [5, 6], fromMinute: 0, toMinute: 1440, limitBytesPerSecond: 0 },
      ],
      timezone: "Asia/Shanghai",
      upload: 10 * 2 ** 20,
      perRegistry: { "docker.io": 20e6 },
    } satisfies Config["bandwidth"]);
  });

  test("may be absent beside a time zone, and the limit may be auto", () => {
    expect(parseConfig("bandwidth: { timezone: UTC, calendar: , limit: auto }", {}).bandwidth).toEqual({
      limit: "auto",
      calendar: [],
      timezone: "UTC",
      perRegistry: {},
    });
  });

  test.each([
    ["mon-fri", [0, 1, 2, 3, 4]],
    ["sat", [5]],
    ["Sat-Sun", [5, 6]],
    ["fri-mon", [0, 4, 5, 6]],
    ["mon,wed,FRI", [0, 2, 4]],
    ["mon - tue , sat", [0, 1, 5]],
    ["daily", everyDay],
    ["sun-sat", everyDay],
    ["mon-mon", [0]],
    ["wed,mon-fri", [0, 1, 2, 3, 4]],
    ["[mon, wed-thu]", [0, 2, 3]],
    ["['mon,tue', Daily]", everyDay],
  ])("knows the days %j", (days, known) => {
    const text = days.startsWith("[") ? days : `"${days}"`;
    expect(entryOf(`days: ${text}, from: "09:00", to: "10:00", limit: 0`).days).toEqual(known);
  });

  test.each([
    ["09:00", "19:00", 540, 1140],
    ["22:00", "06:30", 1320, 390],
    ["23:59", "00:00", 1439, 0],
    ["00:00", "24:00", 0, 1440],
  ])("knows the times %s to %s, with and without quotes", (from, to, fromMinute, toMinute) => {
    expect(entryOf(`days: sat, from: ${from}, to: ${to}, limit: 0`)).toMatchObject({ fromMinute, toMinute });
    expect(entryOf(`days: sat, from: "${from}", to: "${to}", limit: 0`)).toMatchObject({
      fromMinute,
      toMinute,
    });
  });

  test("may have windows that touch, also at midnight and at the end of the week", () => {
    const config = parseConfig(
      calendarOf(
        'days: sun, from: "19:00", to: "09:00", limit: 0',
        'days: mon, from: "09:00", to: "24:00", limit: 0',
        'days: tue, from: "00:00", to: "00:01", limit: 0',
      ),
      {},
    );
    expect(config.bandwidth.calendar).toHaveLength(3);
  });
});

describe("a mistake", () => {
  const good = 'days: mon-fri, from: "09:00", to: "19:00", limit: 2MB/s';
  const changed = (key: string, value: string): string =>
    calendarOf(
      'days: sat, from: "01:00", to: "02:00", limit: 0',
      good.replace(new RegExp(`${key}: [^,]*`), value),
    );
  const notATime = 'is not a time of day (write "09:00")';

  test.each([
    [
      changed("from", "from: 9"),
      'bandwidth.calendar.1.from: 9 is a number, not a time: put it in quotes ("09:00")',
    ],
    [
      `%YAML 1.1\n---\n${changed("from", "from: 09:00")}`,
      'bandwidth.calendar.1.from: 540 is a number, not a time: put it in quotes ("09:00")',
    ],
    [changed("from", "from: 9:00"), `bandwidth.calendar.1.from: "9:00" ${notATime}`],
    [changed("from", "from: 09:60"), `bandwidth.calendar.1.from: "09:60" ${notATime}`],
    [changed("from", "from: 09:00:00"), `bandwidth.calendar.1.from: "09:00:00" ${notATime}`],
    [changed("from", "from: 9 am"), `bandwidth.calendar.1.from: "9 am" ${notATime}`],
    [changed("from", "from: ''"), `bandwidth.calendar.1.from: "" ${notATime}`],
    [changed("from", "from: 24:00"), 'bandwidth.calendar.1.from: must be before "24:00"'],
    [changed("to", "to: 24:01"), `bandwidth.calendar.1.to: "24:01" ${notATime}`],
    [changed("to", "to: 09:00"), "bandwidth.calendar.1.to: is the same time as from"],
    [changed("to", "to:"), "bandwidth.calendar.1.to: is missing"],
    [changed("to", "till: 19:00"), "bandwidth.calendar.1.till: unknown key"],
    [changed("days", "days: mo-fr"), 'bandwidth.calendar.1.days: "mo-fr" is no day of the week'],
    [changed("days", "days: mon-wed-fri"), 'bandwidth.calendar.1.days: "mon-wed-fri" is no day of the week'],
    [changed("days", "days: monday"), 'bandwidth.calendar.1.days: "monday" is no day of the week'],
    [changed("days", "days: ''"), 'bandwidth.calendar.1.days: "" is no day of the week'],
    [changed("days", "days: []"), "bandwidth.calendar.1.days: names no day"],
    [
      changed("days", "days: 1"),
      "bandwidth.calendar.1.days: must be a text such as mon-fri, or a list of them",
    ],
    [changed("days", "days: [mon, 2]"), "bandwidth.calendar.1.days: must be a text such as mon-fri"],
    [changed("days", "days:"), "bandwidth.calendar.1.days: is missing"],
    [changed("limit", "limit: fast"), 'bandwidth.calendar.1.limit: "fast" is not a rate'],
    [changed("limit", "limit: auto"), 'bandwidth.calendar.1.limit: "auto" is not a rate'],
    [changed("limit", "limit: -1"), "bandwidth.calendar.1.limit: -1 is not a rate"],
    [changed("limit", "limit:"), "bandwidth.calendar.1.limit: is missing"],
    ["bandwidth: { calendar: {} }", "bandwidth.calendar: must be a list"],
    ["bandwidth: { calendar: [~] }", "bandwidth.calendar.0: is missing"],
    [
      `bandwidth: { calendar: [{ ${good} }] }`,
      "bandwidth.timezone: is missing: a calendar needs one (write Asia/Shanghai or UTC)",
    ],
    [
      "bandwidth: { timezone: Mars/Olympus }",
      'bandwidth.timezone: "Mars/Olympus" is not a time zone (write Asia/Shanghai or UTC)',
    ],
    ["bandwidth: { timezone: 8 }", "bandwidth.timezone: must be a text"],
    ["bandwidth: { timezone: '' }", "bandwidth.timezone: is empty"],
  ])("in %j is named with its path", (text, message) => {
    expect(messageOf(text)).toContain(message);
  });

  test.each(["0", "5kB/s", "99999"])("in a rate of uploads that none would survive is named: %s", (rate) => {
    expect(messageOf(`bandwidth: { upload: ${rate} }`)).toContain("bandwidth.upload: is below 100kB/s");
  });

  test.each(["limit: %", "upload: %", "perRegistry: { docker.io: % }"])("in a rate is named: %s", (place) => {
    const path = place === "perRegistry: { docker.io: % }" ? "perRegistry.docker.io" : place.split(":")[0];
    for (const [rate, message] of [
      ["fast", '"fast" is not a rate'],
      ["-1", "-1 is not a rate"],
      ["5mb/s", '"5mb/s" is not a rate: bits are not taken'],
      ["0.5", "0.5 is below 1024 bytes per second (write 0 to pause)"],
      ["1023", "1023 is below 1024 bytes per second (write 0 to pause)"],
      ["2TB/s", '"2TB/s" is above 1 TB/s'],
      [".nan", "must be a text or a number"],
      [".inf", "must be a text or a number"],
      ["true", "must be a text or a number"],
    ]) {
      const text = `bandwidth: { ${place.replace("%", rate ?? "")} }`;
      expect(messageOf(text)).toContain(`bandwidth.${path}: ${message}`);
    }
  });

  test.each([
    ["mon 09:00-12:00", "mon 11:59-13:00", "mon 11:59"],
    ["mon-fri 09:00-19:00", "daily 12:00-13:00", "mon 12:00"],
    ["fri 22:00-02:00", "sat 01:00-03:00", "sat 01:00"],
    ["sun 22:00-02:00", "mon 01:00-03:00", "mon 01:00"],
    ["mon 00:00-24:00", "sun 23:00-00:01", "mon 00:00"],
    ["wed 09:00-10:00", "wed 09:00-10:00", "wed 09:00"],
  ])("%s and %s overlap from %3$s on, and both are named", (one, other, at) => {
    for (const [first, second] of [
      [one, other],
      [other, one],
    ]) {
      const text = calendarOf(
        'days: thu, from: "00:00", to: "00:01", limit: 0',
        entry(first ?? ""),
        entry(second ?? ""),
      );
      expect(messageOf(text)).toBe(`bandwidth.calendar.2: overlaps bandwidth.calendar.1 from ${at} on`);
    }
  });

  test("is made by two windows exactly if they share a minute of the week", () => {
    const window = fc.record({
      days: fc.subarray(everyDay, { minLength: 1, maxLength: 3 }),
      from: fc.integer({ min: 0, max: 23 }),
      to: fc.integer({ min: 0, max: 24 }),
    });
    fc.assert(
      fc.property(window, window, (one, other) => {
        fc.pre(one.from !== one.to && other.from !== other.to);
        const text = calendarOf(...[one, other].map((hours) => entryWords(hours)));
        const hours = hoursOf(other);
        if (hoursOf(one).some((hour) => hours.includes(hour))) {
          expect(messageOf(text)).toMatch(/^bandwidth\.calendar\.1: overlaps bandwidth\.calendar\.0 /);
        } else expect(parseConfig(text, {}).bandwidth.calendar).toHaveLength(2);
      }),
      { numRuns: 500 },
    );
  });

  test("in one entry does not hide the others", () => {
    const text = calendarOf(
      'days: sat, from: "01:00", to: "01:00", limit: 0',
      'days: mon, from: "01:00", to: "03:00", limit: 0',
      'days: mon, from: "02:00", to: "04:00", limit: 0',
      'days: mon, from: "02:30", to: "03:30", limit: 0',
    ).replace("timezone: UTC, ", "");
    expect(
      messageOf(text)
        .split("; ")
        .map((mistake) => mistake.split(" from ")[0]),
    ).toEqual([
      "bandwidth.timezone: is missing: a calendar needs one (write Asia/Shanghai or UTC)",
      "bandwidth.calendar.0.to: is the same time as",
      "bandwidth.calendar.2: overlaps bandwidth.calendar.1",
      "bandwidth.calendar.3: overlaps bandwidth.calendar.1",
      "bandwidth.calendar.3: overlaps bandwidth.calendar.2",
    ]);
  });
});

describe("what is shown of the budget", () => {
  test("says days and times in words, and rates in bytes per second", () => {
    const text = `bandwidth: { limit: auto, timezone: UTC, upload: 1MB/s, calendar: [
      { days: "fri,sat,sun,mon,wed", from: "22:00", to: "06:05", limit: 2MB/s }] }`;
    expect(redactConfig(parseConfig(text, {}))["bandwidth"]).toEqual({
      limit: "auto",
      calendar: [{ days: "wed,fri-mon", from: "22:00", to: "06:05", limit: 2e6 }],
      timezone: "UTC",
      upload: 1e6,
      perRegistry: {},
    });
  });

  test.each([
    [everyDay, "daily"],
    [[0, 1, 2, 3, 4], "mon-fri"],
    [[5, 6], "sat-sun"],
    [[0, 2, 4], "mon,wed,fri"],
  ])("shows the days %j as %s", (days, words) => {
    const text = calendarOf(entryWords({ days, from: 1, to: 2 }));
    expect(redactConfig(parseConfig(text, {}))["bandwidth"]).toMatchObject({ calendar: [{ days: words }] });
  });

  test("is taken again and means the same", () => {
    const window = fc.record({
      days: fc.subarray(everyDay, { minLength: 1 }),
      from: fc.integer({ min: 0, max: 23 }),
      to: fc.integer({ min: 0, max: 24 }),
    });
    fc.assert(
      fc.property(window, (hours) => {
        fc.pre(hours.from !== hours.to);
        const { bandwidth } = parseConfig(calendarOf(entryWords(hours)), {});
        expect(bandwidth.calendar[0]?.days).toEqual(hours.days);
        const shown = JSON.stringify({
          bandwidth: redactConfig({ ...parseConfig("", {}), bandwidth })["bandwidth"],
        });
        expect(parseConfig(shown, {}).bandwidth).toEqual(bandwidth);
      }),
    );
  });
});

/** `mon-fri 09:00-19:00` */
function entry(words: string): string {
  const [days = "", times = ""] = words.split(" ");
  const [from = "", to = ""] = times.split("-");
  return `days: ${days}, from: "${from}", to: "${to}", limit: 0`;
}

interface Hours {
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
}

function entryWords({ days, from, to }: Hours): string {
  const names = days.map((day) => ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day]);
  const [begin, end] = [from, to].map((hour) => `${String(hour).padStart(2, "0")}:00`);
  return `days: [${names.join(", ")}], from: "${begin}", to: "${end}", limit: 5MB/s`;
}

function hoursOf({ days, from, to }: Hours): number[] {
  const hours = everyDay.flatMap((day) => Array.from({ length: 24 }, (_, hour) => ({ day, hour })));
  return hours.flatMap(({ day, hour }) => {
    const today = days.includes(day) && hour >= from && (hour < to || to < from);
    const since = days.includes((day + 6) % 7) && to < from && hour < to;
    return today || since ? [day * 24 + hour] : [];
  });
}

function calendarOf(...entries: readonly string[]): string {
  return `bandwidth: { timezone: UTC, calendar: [${entries.map((words) => `{ ${words} }`).join(", ")}] }`;
}

function entryOf(words: string): CalendarEntry {
  const [only] = parseConfig(calendarOf(words), {}).bandwidth.calendar;
  if (only === undefined) throw new Error("there is no entry");
  return only;
}

function messageOf(text: string): string {
  try {
    parseConfig(text, {});
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    expect(error.message).not.toContain("\n");
    return error.message;
  }
  throw new Error("it was taken");
}
