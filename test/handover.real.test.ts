import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

import { bytesOf, describeWithServers } from "@layaway/testing";
import { afterAll, beforeAll, expect, it } from "vitest";

import { type RelayedFleet, startRelayedFleet } from "./relayed-fleet.ts";

const mebibyte = 1024 * 1024;
const layerBytes = 100 * mebibyte;
const partBytes = 5 * mebibyte;
const partsInFlight = 2;

describeWithServers("a worker that is told to stop in the middle of a layer", ["redis"], () => {
  let fleet: RelayedFleet;

  beforeAll(async () => {
    const worker = { partSize: partBytes, partsInFlight };
    fleet = await startRelayedFleet({ worker, bandwidth: { limit: 10_000_000 } });
  });
  afterAll(() => fleet.close());

  it("hands its archive over within 10 s, and another goes on at the same part", async () => {
    const { relay } = fleet;
    const moved = (): number => bytesOf(relay.between(0, Number.POSITIVE_INFINITY));
    const first = await fleet.startWorker();
    const { id, image } = await fleet.submit("app", layerBytes);
    while (moved() < 25 * mebibyte) await delay(50);

    const toldAt = performance.now();
    first.kill("SIGTERM");
    await first.ended;
    expect(performance.now() - toldAt).toBeLessThan(10_000);
    await fleet.startWorker();

    expect(await fleet.ended(id)).toMatchObject({ state: "completed", digest: image.digest });
    // Once all of it, what was in flight again (with the part that was being filled), and some headers.
    expect(moved()).toBeLessThan(layerBytes + (partsInFlight + 1) * partBytes + mebibyte);
    for (const kept of [".layaway-store/uploads", ".layaway/uploads"])
      expect(await readdir(join(fleet.archives, kept)).catch(() => [])).toEqual([]);
  });
});
