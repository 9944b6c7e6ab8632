import { formatDuration, formatRate, formatSize, parseRate, parseSize } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, test } from "vitest";

describe("a rate", () => {
  test.each([
    ["20MB/s", 20_000_000],
    ["80 MB/s", 80_000_000],
    ["16MiB/s", 16 * 1024 * 1024],
    ["1.5kB / s", 1500],
    ["512B/s", 512],
    ["2GiB/s", 2 ** 31],
    ["1000000", 1_000_000],
    [1_000_000, 1_000_000],
    [0, 0],
    ["0", 0],
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
  ])("%j is none", (text) => {
    expect(() => parseRate(text)).toThrow(InvalidRequestError);
  });

  test.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300])("%d is none", (value) => {
    expect(() => parseRate(value)).toThrow(InvalidRequestError);
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
