import { parseDigest } from "@layaway/oci";
import { describe, expect, it } from "vitest";

import { createProgressTally } from "../src/index.ts";

const digest = parseDigest(`sha256:${"0".repeat(64)}`);

/** Of the 1000 bytes of an archive; the rest are headers. */
const layers = [{ digest, sizeBytes: 950 }];

describe("createProgressTally", () => {
  it("tells the rate of the last seconds and what is left at that rate", () => {
    let now = 0;
    const tally = createProgressTally(() => now);
    tally.take({ kind: "planned", digest, key: "k", sizeBytes: 1000, layers });
    for (now = 1000; now <= 30_000; now += 1000) {
      tally.take({ kind: "fetched", blob: digest, sizeBytes: now <= 20_000 ? 10 : 20 });
      tally.read();
    }
    tally.take({ kind: "stored", sizeBytes: 400, reusedBytes: 0 });
    expect(tally.read()).toMatchObject({ bytes: { total: 1000, done: 400, fetched: 400 } });
    expect(tally.read().rate).toBeGreaterThanOrEqual(18);
    expect(tally.read().rate).toBeLessThanOrEqual(20);
    expect(tally.read().etaMs).toBeCloseTo((600 * 1000) / (tally.read().rate ?? 1), -1);
  });

  it("tells that nothing moves, and then not what is left", () => {
    let now = 0;
    const tally = createProgressTally(() => now);
    tally.take({ kind: "planned", digest, key: "k", sizeBytes: 1000, layers });
    expect(tally.read().rate).toBe(0);
    for (now = 250; now <= 10_000; now += 250) tally.take({ kind: "fetched", blob: digest, sizeBytes: 10 });
    expect(tally.read()).toMatchObject({ rate: 40, etaMs: 15_000 });
    now += 70_000;
    expect(tally.read().rate).toBe(0);
    expect(tally.read()).not.toHaveProperty("etaMs");
  });

  it("reckons with a store that is slower than the source", () => {
    let now = 0;
    const tally = createProgressTally(() => now);
    tally.take({ kind: "planned", digest, key: "k", sizeBytes: 1000, layers });
    for (now = 250; now <= 2500; now += 250) tally.take({ kind: "fetched", blob: digest, sizeBytes: 95 });
    // All is there, nothing is stored: how long that takes shows later.
    expect(tally.read()).not.toHaveProperty("etaMs");
    for (now = 10_000; now <= 50_000; now += 10_000)
      tally.take({ kind: "stored", sizeBytes: 100, reusedBytes: 0 });
    now = 50_000;
    expect(tally.read().etaMs).toBeGreaterThanOrEqual(40_000);
    expect(tally.read().etaMs).toBeLessThanOrEqual(60_000);
    now = 200_000;
    expect(tally.read().etaMs).toBeCloseTo(200_000, -1);
    tally.take({ kind: "stored", sizeBytes: 500, reusedBytes: 0 });
    expect(tally.read().etaMs).toBe(0);
  });

  it("begins at nothing stored again after a restart, while fetched bytes stay counted", () => {
    const tally = createProgressTally(() => 0);
    tally.take({ kind: "fetched", blob: digest, sizeBytes: 70 });
    tally.take({ kind: "stored", sizeBytes: 50, reusedBytes: 20 });
    tally.take({ kind: "retry", what: "restart", message: "digest" });
    expect(tally.read().bytes).toEqual({ total: 0, done: 0, fetched: 70, reused: 0 });
    tally.take({ kind: "planned", digest, key: "k", sizeBytes: 1000, layers: [] });
    tally.take({ kind: "fetched", blob: digest, sizeBytes: 30 });
    expect(tally.arrivedBytes()).toBe(30);
  });
});
