import { createMemoryGovernor, type Governor } from "@layaway/bandwidth";
import { expect, test } from "vitest";

import { pacedBody } from "../src/paced-body.ts";

const unlimited = createMemoryGovernor({ limits: { rateAt: () => undefined } });

async function* chunks(...sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (const size of sizes) yield Buffer.alloc(size, size % 251);
}

test("a streamed download takes as long as the limit says", async () => {
  const governor = createMemoryGovernor({ limits: { rateAt: () => 2_000_000 } });
  const startedAt = performance.now();
  let bytes = 0;
  for await (const piece of pacedBody(chunks(400_000, 1, 600_000), governor, new AbortController().signal))
    bytes += piece.length;
  const tookMs = performance.now() - startedAt;
  expect(bytes).toBe(1_000_001);
  expect(tookMs).toBeGreaterThan(350);
  expect(tookMs).toBeLessThan(900);
});

test("what was leased and not sent is given back, also where the reader leaves", async () => {
  const balance: number[] = [];
  const governor: Governor = {
    rate: () => undefined,
    async lease(upToBytes, options) {
      const lease = await unlimited.lease(upToBytes, options);
      return {
        ...lease,
        end(movedBytes) {
          balance.push(movedBytes);
          lease.end(movedBytes);
        },
      };
    },
  };
  const { signal } = new AbortController();
  for await (const _ of pacedBody(chunks(300_000), governor, signal));
  expect(balance).toEqual([262_144, 37_856]);
  for await (const _ of pacedBody(chunks(1000, 1000), governor, signal)) break;
  expect(balance.at(-1)).toBe(1000);
});

test("ends with its signal while it waits for the budget", async () => {
  const paused = createMemoryGovernor({ limits: { rateAt: () => 0 } });
  const gone = new AbortController();
  const reading = pacedBody(chunks(10), paused, gone.signal).next();
  gone.abort(new Error("gone"));
  await expect(reading).rejects.toThrow("gone");
});
