import { createMemoryGovernor } from "@layaway/bandwidth";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { createFakeClock } from "./fake-clock.ts";

interface Grant {
  readonly at: number;
  readonly sizeBytes: number;
}

const rate = fc.integer({ min: 1_000_000, max: 100_000_000 });
// Each of a few workers asks for the next lease when it got one, and moves some of it, all of it, or more.
const demand = fc.record({
  rate,
  wanted: fc.array(fc.integer({ min: 1, max: 20_000_000 }), { minLength: 1, maxLength: 60 }),
  workers: fc.integer({ min: 1, max: 6 }),
  // Workers that pause let the bucket fill up to its burst.
  pauses: fc.array(fc.integer({ min: 0, max: 1500 }), { minLength: 1, maxLength: 5 }),
});

describe("whatever is asked for", () => {
  test("no stretch of time holds more than rate x W + 20 ms of the rate + one lease", async () => {
    await fc.assert(
      fc.asyncProperty(demand, async ({ rate: limit, wanted, workers, pauses }) => {
        const grants = await run(limit, wanted, workers, pauses);
        const allowance = limit / 50 + Math.max(...grants.map(({ sizeBytes }) => sizeBytes));
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
        const wanted = Array.from({ length: 200 }, () => 8 << 20);
        const grants = await run(limit, wanted, workers, [0]);
        const total = grants.slice(0, -1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
        const lastAt = grants.at(-1)?.at ?? 0;
        expect(Math.abs((total / lastAt) * 1000 - limit)).toBeLessThan(limit * 0.02);
      }),
      { numRuns: 20 },
    );
  });
});

test("a change of the schedule is in force after 100 ms, for those who wait too", async () => {
  const clock = createFakeClock();
  let limit: number | undefined = 0;
  const governor = createMemoryGovernor({
    limits: { rateAt: () => limit },
    now: clock.now,
    sleep: clock.sleep,
  });
  const granted: number[] = [];
  void governor.lease(1000).then(({ sizeBytes }) => granted.push(sizeBytes));
  await clock.advance(60_000);
  expect(granted).toEqual([]);
  limit = 10;
  await clock.advance(101);
  expect(granted).toEqual([1000]);
});

async function run(limit: number, wanted: number[], workers: number, pauses: number[]): Promise<Grant[]> {
  const clock = createFakeClock();
  const governor = createMemoryGovernor({
    limits: { rateAt: () => limit },
    now: clock.now,
    sleep: clock.sleep,
  });
  const grants: Grant[] = [];
  const left = [...wanted];
  const work = async (): Promise<void> => {
    for (;;) {
      const upToBytes = left.shift();
      if (upToBytes === undefined) return;
      const lease = await governor.lease(upToBytes);
      grants.push({ at: clock.now(), sizeBytes: lease.sizeBytes });
      lease.end(lease.sizeBytes);
      const pauseMs = pauses[grants.length % pauses.length] ?? 0;
      if (pauseMs > 0) await clock.sleep(pauseMs, new AbortController().signal);
    }
  };
  const done = Promise.all(Array.from({ length: workers }, work));
  while (grants.length < wanted.length) await clock.advance(60_000);
  await done;
  return grants;
}
