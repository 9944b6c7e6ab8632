import { createMemoryGovernor } from "@layaway/bandwidth";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createFakeClock } from "./fake-clock.ts";

interface Grant {
  readonly at: number;
  readonly sizeBytes: number;
}

const rate = fc.integer({ min: 1000, max: 100_000_000 });
// A reservation is worth up to two seconds of the rate, and each of a few workers asks for the next one when it got one.
const demand = fc.record({
  rate,
  shares: fc.array(fc.double({ min: 0.001, max: 2, noNaN: true }), { minLength: 1, maxLength: 60 }),
  workers: fc.integer({ min: 1, max: 6 }),
  // Workers that pause let the bucket fill up to its burst.
  pauses: fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 5 }),
});

describe("whatever is asked for", () => {
  test("no window holds more than rate x W + burst + one reservation", async () => {
    await fc.assert(
      fc.asyncProperty(demand, async ({ rate: limit, shares, workers, pauses }) => {
        const sizes = shares.map((share) => Math.max(1, Math.round(share * limit)));
        const grants = await run(limit, sizes, workers, pauses);
        const allowance = limit / 4 + Math.max(...sizes);
        for (const [index, first] of grants.entries()) {
          let total = 0;
          for (const { at, sizeBytes } of grants.slice(index)) {
            total += sizeBytes;
            expect(total).toBeLessThanOrEqual((limit * (at - first.at)) / 1000 + allowance + 1);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("the mean of a busy link is the limit, to within two percent", async () => {
    await fc.assert(
      fc.asyncProperty(rate, fc.integer({ min: 1, max: 6 }), async (limit, workers) => {
        const grants = await run(
          limit,
          Array.from({ length: 200 }, () => Math.ceil(limit / 2)),
          workers,
          [0],
        );
        const total = grants.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        const lastAt = grants.at(-1)?.at ?? 0;
        expect(Math.abs((total / lastAt) * 1000 - limit)).toBeLessThan(limit * 0.02);
      }),
      { numRuns: 20 },
    );
  });
});

async function run(limit: number, sizes: number[], workers: number, pauses: number[]): Promise<Grant[]> {
  const clock = createFakeClock();
  const governor = createMemoryGovernor({ limitBytesPerSecond: limit, now: clock.now, sleep: clock.sleep });
  const grants: Grant[] = [];
  const left = [...sizes];
  const work = async (): Promise<void> => {
    for (;;) {
      const sizeBytes = left.shift();
      if (sizeBytes === undefined) return;
      await governor.reserve(sizeBytes);
      grants.push({ at: clock.now(), sizeBytes });
      const pauseMs = pauses[grants.length % pauses.length] ?? 0;
      if (pauseMs > 0) await clock.sleep(pauseMs, new AbortController().signal);
    }
  };
  const done = Promise.all(Array.from({ length: workers }, work));
  while (grants.length < sizes.length) await clock.advance(60_000);
  await done;
  return grants;
}
