import { createMemoryGovernor, createSchedule } from "@layaway/bandwidth";
import type { BandwidthOverride } from "@layaway/jobs";
import { describe, expect, it } from "vitest";

import { testApi } from "./test-api.ts";

const nowMs = Date.UTC(2026, 4, 4, 8, 0);

/** A budget of 80 MB/s, on working days from 09 to 19 o'clock of 2 MB/s; it is 08 o'clock on a Monday. */
function budget() {
  let override: BandwidthOverride | undefined;
  const calendar = [
    { days: [0, 1, 2, 3, 4], fromMinute: 540, toMinute: 1140, limitBytesPerSecond: 2_000_000 },
  ];
  return testApi({
    bandwidth: {
      fleet: {
        governor: createMemoryGovernor({ limits: { rateAt: () => undefined } }),
        look: async () => ({ nowMs, ...(override === undefined ? {} : { override }) }),
        override: async (bytesPerSecond, forMs) => {
          override = { bytesPerSecond, ...(forMs === undefined ? {} : { untilMs: nowMs + forMs }) };
        },
        clearOverride: async () => {
          override = undefined;
        },
      },
      schedule: createSchedule({ limitBytesPerSecond: 80_000_000, calendar, timezone: "UTC" }),
      settings: { limit: 80_000_000, calendar, timezone: "UTC", perRegistry: { "docker.io": 20_000_000 } },
    },
  }).app;
}

const put = (app: ReturnType<typeof budget>, payload: object) =>
  app.inject({ method: "PUT", url: "/v1/bandwidth", payload });

describe("GET /v1/bandwidth", () => {
  it("tells what is in force, and what comes next", async () => {
    const response = await budget().inject("/v1/bandwidth");
    expect(response.statusCode).toBe(200);
    expect(response.json()).toEqual({
      limit: 80_000_000,
      configured: 80_000_000,
      auto: false,
      next: { limit: 2_000_000, at: "2026-05-04T09:00:00.000Z" },
      perRegistry: { "docker.io": 20_000_000 },
    });
  });
});

describe("PUT /v1/bandwidth", () => {
  it("overrides the limit for a while", async () => {
    const response = await put(budget(), { limit: "5MB/s", for: "2h" });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({
      limit: 5_000_000,
      configured: 80_000_000,
      override: { limit: 5_000_000, until: "2026-05-04T10:00:00.000Z" },
      // By then the calendar has begun.
      next: { limit: 2_000_000, at: "2026-05-04T10:00:00.000Z" },
    });
  });

  it.each([
    { body: { limit: "unlimited" }, limit: null },
    { body: { limit: 0 }, limit: 0 },
    { body: { limit: 1_000_000, for: 60_000 }, limit: 1_000_000 },
  ])("takes $body", async ({ body, limit }) => {
    expect((await put(budget(), body)).json()).toMatchObject({ limit, override: { limit } });
  });

  it("is undone by DELETE", async () => {
    const app = budget();
    await put(app, { limit: 0 });
    const response = await app.inject({ method: "DELETE", url: "/v1/bandwidth" });
    expect(response.json()).toMatchObject({ limit: 80_000_000 });
    expect(response.json()).not.toHaveProperty("override");
  });

  it.each([
    [{}, "limit"],
    [{ limit: null }, "limit"],
    [{ limit: -1 }, "limit"],
    [{ limit: "fast" }, "limit"],
    [{ limit: "5Mbit/s" }, "limit"],
    [{ limit: 5 }, "limit"],
    [{ limit: "9000TB/s" }, "limit"],
    [{ limit: "5MB/s", for: "soon" }, "for"],
    [{ limit: "5MB/s", for: -1 }, "for"],
    [{ limit: "5MB/s", for: 0 }, "for"],
    [{ limit: "5MB/s", for: "400d" }, "for"],
    [{ limit: "5MB/s", until: "tomorrow" }, ""],
  ])("refuses %j, with the path of the mistake", async (body, path) => {
    const response = await put(budget(), body);
    expect(response.statusCode).toBe(400);
    expect(response.json().code).toBe("invalid_request");
    expect(response.json().errors.map((error: { path: string }) => error.path)).toContain(path);
  });
});
