import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createRateMeter } from "../src/rate-meter.ts";

test("tells the rate of regular bursts within 10 %, whenever one looks and however far apart they are", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 50, max: 6000 }),
      fc.integer({ min: 1000, max: 10_000_000 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      (gapMs, burstBytes, phase) => {
        let now = 0;
        const meter = createRateMeter(() => now);
        for (let count = 0; count < 40; count += 1) {
          now = count * gapMs;
          // A burst arrives in pieces.
          for (const piece of [0.5, 0.3, 0.2]) meter.add(burstBytes * piece);
        }
        now += gapMs * phase;
        const rate = (burstBytes * 1000) / gapMs;
        expect(meter.read() / rate).toBeGreaterThan(0.9);
        expect(meter.read() / rate).toBeLessThan(1.1);
      },
    ),
  );
});

test("follows a change of the rate within ten seconds, and falls while nothing comes", () => {
  let now = 0;
  const meter = createRateMeter(() => now);
  const flow = (bytesPerSecond: number, durationMs: number): void => {
    for (const until = now + durationMs; now < until; now += 250) meter.add(bytesPerSecond / 4);
  };
  flow(8_000_000, 20_000);
  expect(meter.read()).toBeCloseTo(8_000_000, -6);
  flow(1_000_000, 10_000);
  expect(meter.read()).toBeGreaterThan(900_000);
  expect(meter.read()).toBeLessThan(1_100_000);
  now += 8000;
  expect(meter.read()).toBeLessThan(600_000);
  now += 60_000;
  expect(meter.read()).toBe(0);
});

test("is 0 before anything came", () => {
  expect(createRateMeter(() => 1000).read()).toBe(0);
});
