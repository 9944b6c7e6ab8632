import {
  createMemoryGovernor,
  type AdjustableGovernor,
  type MemoryGovernorOptions,
} from "@layaway/bandwidth";
import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, test } from "vitest";

import { createFakeClock, settled, type FakeClock } from "./fake-clock.ts";

describe("a reservation", () => {
  test("is granted at once without a limit, whatever its size", async () => {
    const governor = createMemoryGovernor({ sleep: never });
    await governor.reserve(1e12);
    await governor.reserve(1e12, { registry: "docker.io" });
    expect(governor.rate()).toBeUndefined();
  });

  test("larger than the burst is granted first and paid for by the next one", async () => {
    const { clock, reserve, granted } = governed({ limitBytesPerSecond: 1000 });
    reserve("large", 5250);
    reserve("next", 1);
    await clock.advance(4999);
    expect(granted).toEqual(["large"]);
    await clock.advance(1);
    expect(granted).toEqual(["large", "next"]);
  });

  test("waits its turn: a small one does not pass a large one", async () => {
    const { clock, reserve, granted } = governed({ limitBytesPerSecond: 1000 });
    reserve("first", 1000);
    reserve("large", 100_000);
    reserve("small", 1);
    await clock.advance(750);
    expect(granted).toEqual(["first", "large"]);
    await clock.advance(100_000);
    expect(granted).toEqual(["first", "large", "small"]);
  });

  test("holds to the registry's limit and to the overall one", async () => {
    const { clock, reserve, granted, governor } = governed({
      limitBytesPerSecond: 1000,
      perRegistry: { slow: 100, fast: 5000 },
    });
    expect([governor.rate("slow"), governor.rate("fast"), governor.rate("other"), governor.rate()]).toEqual([
      100, 1000, 1000, 1000,
    ]);
    reserve("slow 1", 525, "slow");
    reserve("slow 2", 1, "slow");
    reserve("fast", 1, "fast");
    await clock.advance(275);
    // The overall limit has recovered; `slow` still owes 472 bytes of its own.
    expect(granted).toEqual(["slow 1", "fast"]);
    await clock.advance(4725);
    expect(granted).toEqual(["slow 1", "fast", "slow 2"]);
  });

  test("ends with its signal, and no longer stands in the way of others", async () => {
    const { clock, governor, reserve, granted } = governed({ limitBytesPerSecond: 1000 });
    reserve("first", 1250);
    const controller = new AbortController();
    const abandoned = governor.reserve(1_000_000, { signal: controller.signal });
    reserve("last", 1);
    controller.abort(new Error("cancelled"));
    await expect(abandoned).rejects.toThrow("cancelled");
    await clock.advance(1000);
    expect(granted).toEqual(["first", "last"]);
    await expect(governor.reserve(1, { signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
      "before",
    );
  });

  test("that was refunded makes room for others at once", async () => {
    const { governor, reserve, granted } = governed({ limitBytesPerSecond: 1000, perRegistry: { r: 1000 } });
    reserve("first", 100_000, "r");
    reserve("second", 1, "r");
    governor.refund(100_000, { registry: "r" });
    await settled();
    expect(granted).toEqual(["first", "second"]);
  });

  test("refunds never make the bucket fuller than its burst", async () => {
    const { clock, governor, reserve, granted } = governed({ limitBytesPerSecond: 1000 });
    governor.refund(1_000_000);
    reserve("first", 1250);
    reserve("second", 1);
    await clock.advance(999);
    expect(granted).toEqual(["first"]);
  });
});

describe("a change of the limit", () => {
  test("from 0 ends the pause at once", async () => {
    const { clock, governor, reserve, granted } = governed({ limitBytesPerSecond: 0 });
    reserve("first", 10);
    await clock.advance(1e9);
    expect(granted).toEqual([]);
    expect(clock.sleepers()).toBe(0);
    governor.setLimit(1000);
    await settled();
    expect(granted).toEqual(["first"]);
    expect(governor.rate()).toBe(1000);
  });

  test("to 0 pauses those who wait", async () => {
    const { clock, governor, reserve, granted } = governed({ limitBytesPerSecond: 1000 });
    reserve("first", 1250);
    reserve("second", 1);
    governor.setLimit(0);
    await clock.advance(1e9);
    expect(granted).toEqual(["first"]);
    expect(governor.rate()).toBe(0);
  });

  test("shortens waits that have begun", async () => {
    const { clock, governor, reserve, granted } = governed({ limitBytesPerSecond: 10 });
    reserve("first", 10_002.5);
    reserve("second", 1);
    await clock.advance(1);
    governor.setLimit(10_000);
    await clock.advance(999);
    expect(granted).toEqual(["first"]);
    await clock.advance(2);
    expect(granted).toEqual(["first", "second"]);
  });

  test("to unlimited wakes everybody", async () => {
    const { governor, reserve, granted } = governed({ limitBytesPerSecond: 1 });
    for (const name of ["a", "b", "c"]) reserve(name, 1e9);
    governor.setLimit(undefined);
    await settled();
    expect(granted).toEqual(["a", "b", "c"]);
    expect(governor.rate()).toBeUndefined();
  });
});

test("limits that are not rates are refused", () => {
  for (const limitBytesPerSecond of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => createMemoryGovernor({ limitBytesPerSecond })).toThrow(InvalidRequestError);
    expect(() => createMemoryGovernor().setLimit(limitBytesPerSecond)).toThrow(InvalidRequestError);
    expect(() => createMemoryGovernor({ perRegistry: { a: limitBytesPerSecond } })).toThrow(
      InvalidRequestError,
    );
  }
});

test("waits are real time unless a test brings its own", async () => {
  const governor = createMemoryGovernor({ limitBytesPerSecond: 1_000_000 });
  const startedAt = performance.now();
  await governor.reserve(270_000);
  await governor.reserve(1);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(19);
});

interface Governed {
  readonly clock: FakeClock;
  readonly governor: AdjustableGovernor;
  readonly granted: string[];
  readonly reserve: (name: string, sizeBytes: number, registry?: string) => void;
}

function governed(options: MemoryGovernorOptions): Governed {
  const clock = createFakeClock();
  const governor = createMemoryGovernor({ ...options, now: clock.now, sleep: clock.sleep });
  const granted: string[] = [];
  const reserve = (name: string, sizeBytes: number, registry?: string): void => {
    void governor
      .reserve(sizeBytes, registry === undefined ? {} : { registry })
      .then(() => granted.push(name));
  };
  return { clock, governor, granted, reserve };
}

function never(): Promise<void> {
  throw new Error("nothing should wait");
}
