import { expect, test } from "vitest";

import { createPoliteness, type Politeness } from "../src/politeness.ts";

const megabyte = 1_000_000;

/** A source that answers ten requests a second, with what they bring. */
function source(): {
  readonly politeness: Politeness;
  readonly answer: (
    seconds: number,
    how: { readonly firstByteMs: number; readonly bytesPerSecond: number; readonly failing?: number },
  ) => void;
} {
  let now = 0;
  const politeness = createPoliteness(() => now);
  return {
    politeness,
    answer(seconds, { firstByteMs, bytesPerSecond, failing = 0 }) {
      for (let count = 1; count <= seconds * 10; count += 1) {
        now += 100;
        const allowed = Math.min(bytesPerSecond, politeness.rate() ?? bytesPerSecond);
        politeness.observe({
          by: "registry",
          firstByteMs,
          failed: count % 10 < failing,
          bytes: allowed / 10,
        });
      }
    },
  };
}

test("limits nothing while answers come as fast as they used to", () => {
  const { politeness, answer } = source();
  answer(60, { firstByteMs: 40, bytesPerSecond: 50 * megabyte });
  answer(60, { firstByteMs: 75, bytesPerSecond: 50 * megabyte });
  expect(politeness.rate()).toBeUndefined();
});

test.each([
  { what: "answers become slow", how: { firstByteMs: 400, failing: 0 } },
  { what: "some answers fail", how: { firstByteMs: 40, failing: 3 } },
])("falls to 70 % of what was moved where $what, and again while it goes on", ({ how }) => {
  const { politeness, answer } = source();
  answer(10, { firstByteMs: 40, bytesPerSecond: 50 * megabyte });
  answer(1, { ...how, bytesPerSecond: 50 * megabyte });
  expect(politeness.rate()).toBeCloseTo(35 * megabyte, -3);
  answer(1, { ...how, bytesPerSecond: 50 * megabyte });
  expect(politeness.rate()).toBeCloseTo(24.5 * megabyte, -3);
  answer(60, { ...how, bytesPerSecond: 50 * megabyte });
  expect(politeness.rate()).toBe(64 * 1024);
});

test("a registry whose redirects are slow, and whose storage is fast, is not limited", () => {
  let now = 0;
  const politeness = createPoliteness(() => now);
  for (let count = 0; count < 600; count += 1) {
    now += 100;
    const sign =
      count % 2 === 0
        ? ({ by: "registry", firstByteMs: 300 } as const)
        : ({ by: "place", firstByteMs: 30 } as const);
    politeness.observe({ ...sign, failed: false, bytes: 2 * megabyte });
    expect(politeness.rate()).toBeUndefined();
  }
});

test("nothing is limited before anything was moved", () => {
  let now = 0;
  const politeness = createPoliteness(() => now);
  for (now = 0; now < 5000; now += 500)
    politeness.observe({ by: "registry", firstByteMs: undefined, failed: true, bytes: 0 });
  expect(politeness.rate()).toBeUndefined();
});

test("one slow answer in ten is no reason", () => {
  const { politeness, answer } = source();
  answer(10, { firstByteMs: 40, bytesPerSecond: 50 * megabyte, failing: 1 });
  expect(politeness.rate()).toBeUndefined();
});

test("grows by 5 % of the best rate a second, until it limits nothing any more", () => {
  const { politeness, answer } = source();
  answer(10, { firstByteMs: 40, bytesPerSecond: 50 * megabyte });
  answer(1, { firstByteMs: 400, bytesPerSecond: 50 * megabyte });
  answer(2, { firstByteMs: 40, bytesPerSecond: 50 * megabyte });
  expect(politeness.rate()).toBeCloseTo(40 * megabyte, -3);
  answer(30, { firstByteMs: 40, bytesPerSecond: 50 * megabyte });
  expect(politeness.rate()).toBeUndefined();
});

test("a source that became slower for good is not limited for ever", () => {
  const { politeness, answer } = source();
  answer(10, { firstByteMs: 40, bytesPerSecond: 50 * megabyte });
  answer(300, { firstByteMs: 400, bytesPerSecond: 50 * megabyte });
  answer(120, { firstByteMs: 400, bytesPerSecond: 50 * megabyte });
  expect(politeness.rate()).toBeUndefined();
});
