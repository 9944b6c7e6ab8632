import { parseDigest } from "@layaway/oci";
import { describe, expect, it } from "vitest";

import { createProgressTally } from "../src/index.ts";

const digest = parseDigest(`sha256:${"0".repeat(64)}`);

describe("createProgressTally", () => {
  it("tells the rate of the last seconds and what is left at that rate", () => {
    let now = 0;
    const tally = createProgressTally(() => now);
    tally.take({ kind: "planned", digest, key: "k", sizeBytes: 1000, layers: [] });
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
