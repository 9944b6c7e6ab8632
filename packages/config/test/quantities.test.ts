import {
  formatDuration,
  formatRate,
  formatSize,
  parseConfig,
  parseDuration,
  parsePartSize,
  parseRate,
  parseSize,
} from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

describe("a rate", () => {
  test.each([
    ["20MB/s", 20_000_000],
    ["80 MB/s", 80_000_000],
    ["16MiB/s", 16 * 1024 * 1024],
    ["1.5kB / s", 1500],
    ["1024B/s", 1024],
    ["1TB/s", 1e12],
    ["2000.4", 2000],
    ["2GiB/s", 2 ** 31],
    ["1000000", 1_000_000],
    [1_000_000, 1_000_000],
    [0, 0],
    ["0", 0],
    ["0MB/s", 0],
  ])("%j is %d bytes per second", (text, bytes) => {
    expect(parseRate(text)).toBe(bytes);
  });

  test.each([
    "fast",
    "",
    "-1",
    "-5MB/s",
    "20MB",
    "20Mb/s",
    "20mb/s",
    "20MB/h",
    "/s",
    "MB/s",
    "1e6",
    "0x10",
    "1/s",
    "20MB/s/s",
    "auto",
    "99999999999TB/s",
  ])("%j is none", (text) => {
    expect(() => parseRate(text)).toThrow(InvalidRequestError);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300])("%d is none", (value) => {
    expect(() => parseRate(value)).toThrow(InvalidRequestError);
  });
});

describe("a rate that is probably meant otherwise", () => {
  test.each([
    ...["5mb/s", "5Mb/s", "5Mbit/s", "5 Mbps", "5 mbit / s", "5MBit/s", "5Mib/s", "8b/s", "100 bits/s"].map(
      (text) => [text, "bits are not taken"],
    ),
    ...[1, 1023, 0.4, "0.5", "512B/s", "1kB/s", "0.0001MB/s", 1023.9].map((value) => [
      value,
      "below 1024 bytes per second (write 0 to pause)",
    ]),
    ...["2TB/s", "1TiB/s", 1e12 + 1].map((value) => [value, "above 1 TB/s"]),
  ])("is refused with advice: %j, %s", (value, advice) => {
    expect(messageOf(() => parseRate(value))).toContain(advice);
  });
});

describe("a duration", () => {
  test.each([
    ["2h", 7_200_000],
    ["90m", 5_400_000],
    ["1h30m", 5_400_000],
    ["45s", 45_000],
    ["2d", 172_800_000],
    ["1.5h", 5_400_000],
    ["500ms", 500],
    ["1m1ms", 60_001],
    ["366d", 31_622_400_000],
    [" 10s ", 10_000],
    ["90000", 90_000],
    [1500, 1500],
    [0, 0],
  ])("%j is %d ms", (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  test.each([
    "",
    "h",
    "-2h",
    "2 h",
    "2H",
    "30m1h",
    "1h1h",
    "1h30",
    "1,5h",
    "2w",
    "soon",
    "1h 30m",
    "1e3",
    "x2h",
  ])("%j is none", (text) => {
    expect(() => parseDuration(text)).toThrow(InvalidRequestError);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, "367d", "366d1ms", 366 * 86_400_000 + 1])(
    "%j is none",
    (value) => {
      expect(() => parseDuration(value)).toThrow(InvalidRequestError);
    },
  );

  test("of several units is their sum", () => {
    const [d, h, m, s, ms] = [fc.nat(300), fc.nat(99), fc.nat(99), fc.nat(99), fc.nat(2000)];
    fc.assert(
      fc.property(fc.record({ d, h, m, s, ms }), (amounts) => {
        const text = `${amounts.d}d${amounts.h}h${amounts.m}m${amounts.s}s${amounts.ms}ms`;
        const minutes = (amounts.d * 24 + amounts.h) * 60 + amounts.m;
        expect(parseDuration(text)).toBe((minutes * 60 + amounts.s) * 1000 + amounts.ms);
      }),
    );
  });
});

describe("a size", () => {
  test.each([
    ["16MiB", 16 * 1024 * 1024],
    ["100 KiB", 102_400],
    ["5GB", 5_000_000_000],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["7B", 7],
    ["12", 12],
    [12, 12],
  ])("%j is %d bytes", (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  test.each(["big", "", "-1", "16M", "16MiB/s", "16 mib", "1,5GB", "99999999TiB"])("%j is none", (text) => {
    expect(() => parseSize(text)).toThrow(InvalidRequestError);
  });
});

describe("for people", () => {
  test.each([
    [0, "0 B"],
    [999, "999 B"],
    [999.7, "1.0 kB"],
    [1000, "1.0 kB"],
    [187_300_000, "187.3 MB"],
    [999_949, "999.9 kB"],
    [999_950, "1.0 MB"],
    [5 * 1e15, "5.0 PB"],
    [5 * 1e18, "5000.0 PB"],
  ])("%d bytes are %s", (bytes, told) => {
    expect(formatSize(bytes)).toBe(told);
    expect(formatRate(bytes)).toBe(`${told}/s`);
  });

  test.each([
    [0, "0 ms"],
    [850, "850 ms"],
    [999.9, "1 s"],
    [59_499, "59 s"],
    [59_500, "1 min"],
    [200_000, "3 min 20 s"],
    [3_599_999, "1 h"],
    [3_900_000, "1 h 5 min"],
    [86_399_999, "1 d"],
    [2 * 86_400_000 + 3 * 3_600_000, "2 d 3 h"],
  ])("%d ms are %s", (durationMs, told) => {
    expect(formatDuration(durationMs)).toBe(told);
  });
});

describe("the size of parts", () => {
  test.each([
    ["100KiB", 102_400],
    ["1GiB", 2 ** 30],
    [16_777_216, 16_777_216],
  ])("may be %s", (text, bytes) => {
    expect(parsePartSize(text)).toBe(bytes);
    expect(parseConfig(`worker: { partSize: ${text} }`, {}).worker.partSizeBytes).toBe(bytes);
  });

  test.each(["0", "99KiB", "100GiB", "many"])("may not be %s, in the file neither", (text) => {
    expect(() => parsePartSize(text)).toThrow(InvalidRequestError);
    expect(() => parseConfig(`worker: { partSize: ${text} }`, {})).toThrow(InvalidRequestError);
  });
});

function messageOf(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    if (error instanceof InvalidRequestError) return error.message;
    throw error;
  }
  throw new Error("it was taken");
}
