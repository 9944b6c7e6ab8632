import { leaseBytesAt } from "@layaway/bandwidth";
import { expect, test } from "vitest";

test.each([
  [undefined, 8 * 1024 * 1024],
  [1_000_000_000, 8 * 1024 * 1024],
  [2_000_000, 500_000],
  [1000, 64 * 1024],
  [0, 64 * 1024],
])("at %s bytes per second %s bytes are handed out at once", (rate, expected) => {
  expect(leaseBytesAt(rate)).toBe(expected);
});
