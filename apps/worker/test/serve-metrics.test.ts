import { InvalidRequestError } from "@layaway/errors";
import { Gauge, Registry } from "prom-client";
import { describe, expect, it } from "vitest";

import { metricsSettings } from "../src/config.ts";
import { serveMetrics } from "../src/serve-metrics.ts";

describe("the metrics of a worker that runs alone", () => {
  it("are served, and nothing else is", async () => {
    const metrics = new Registry();
    new Gauge({ name: "layaway_x", help: "x", registers: [metrics] }).set(3);
    const server = await serveMetrics({ metrics, host: "127.0.0.1", port: 0 });
    try {
      const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${server.port}${path}`, init);
      expect(await (await get("/metrics")).text()).toContain("layaway_x 3");
      expect(await (await get("/healthz")).json()).toEqual({ status: "ok" });
      expect((await get("/")).status).toBe(404);
      expect((await get("/metrics", { method: "POST" })).status).toBe(404);
      await expect(serveMetrics({ metrics, host: "127.0.0.1", port: server.port })).rejects.toThrow(
        InvalidRequestError,
      );
    } finally {
      await server.close();
    }
  });

  it("are served only where a port is given", () => {
    expect(metricsSettings({})).toBeUndefined();
    expect(metricsSettings({ LAYAWAY_METRICS_PORT: "9464" })).toEqual({ host: "127.0.0.1", port: 9464 });
    expect(() => metricsSettings({ LAYAWAY_METRICS_PORT: "x" })).toThrow(/^LAYAWAY_METRICS_PORT: /);
  });
});
