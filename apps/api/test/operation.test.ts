import { InternalError } from "@layaway/errors";
import { DestinationDeniedError } from "@layaway/object-store";
import { Gauge, Registry } from "prom-client";
import { describe, expect, it } from "vitest";

import { checkBindHost } from "../src/bind-host.ts";
import { FakeJobs, testApi, testDestination } from "./test-api.ts";

describe("health", () => {
  it("is well while the process answers", async () => {
    const { app } = testApi();
    expect((await app.inject("/healthz")).json()).toEqual({ status: "ok" });
  });

  it("is ready while Redis and every destination answer", async () => {
    const { app } = testApi();
    const answer = await app.inject("/readyz");
    expect(answer.json()).toEqual({
      status: "ok",
      checks: [{ name: "redis" }, { name: "destination:models" }],
    });
  });

  it("is not ready without Redis, and says so", async () => {
    const jobs = new FakeJobs();
    jobs.ping = () => Promise.reject(new InternalError("redis at 10.1.2.3:6379: connection refused"));
    const { app } = testApi({ jobs });
    const answer = await app.inject("/readyz");
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      code: "internal",
      checks: [{ name: "redis", code: "internal" }, { name: "destination:models" }],
    });
    expect(answer.body).not.toContain("10.1.2.3");
  });

  it("asks a destination at most every 2 s, however often it is asked", async () => {
    let asked = 0;
    let at = 0;
    const list = () => {
      asked += 1;
      return Promise.reject(new DestinationDeniedError("GET s3://backup: 403"));
    };
    const { app } = testApi({
      destinations: new Map([["models", testDestination({ list })]]),
      now: () => new Date(at),
    });
    const codes = async () => (await app.inject("/readyz")).json().code;
    expect([await codes(), await codes(), asked]).toEqual(["destination_denied", "destination_denied", 1]);
    at = 2000;
    await codes();
    expect(asked).toBe(2);
  });
});

describe("GET /metrics", () => {
  it("tells archives, queues, requests by route and what runs", async () => {
    const { app } = testApi();
    await app.inject("/v1/archives/arc_1");
    const { body, headers } = await app.inject("/metrics");
    expect(headers["content-type"]).toContain("text/plain");
    expect(body).toContain('layaway_archives{state="queued"} 3');
    expect(body).toContain('layaway_queue_jobs{queue="webhooks",place="delayed"} 4');
    expect(body).toContain('layaway_queue_oldest_waiting_seconds{queue="archives"} 1.5');
    expect(body).toContain("layaway_redis_up 1");
    expect(body).toContain('layaway_build_info{version="1.2.3"');
    expect(body).toContain(
      'layaway_http_request_duration_seconds_count{method="GET",route="/v1/archives/:id",status="404"} 1',
    );
  });

  it("has no label that a caller made up", async () => {
    const { app } = testApi();
    await app.inject("/made-up");
    expect((await app.inject("/metrics")).body).not.toContain("made-up");
  });

  it("still tells the rest without Redis", async () => {
    const jobs = new FakeJobs();
    const { app } = testApi({ jobs });
    await app.inject("/metrics");
    jobs.counts = () => Promise.reject(new InternalError("redis: away"));
    const { body } = await app.inject("/metrics");
    expect(body).toContain("layaway_redis_up 0");
    expect(body).toContain("layaway_build_info");
    expect(body).not.toContain('layaway_archives{state="queued"}');
  });

  it("tells what others of the process collect in the same registry", async () => {
    const metrics = new Registry();
    new Gauge({ name: "layaway_other", help: "other", registers: [metrics] }).set(5);
    const { app } = testApi({ metrics });
    expect((await app.inject("/metrics")).body).toContain("layaway_other 5");
  });
});

describe("the host to bind to", () => {
  it.each(["127.0.0.1", "127.8.8.8", "::1", "localhost"])("may be %s without tokens", (host) => {
    expect(() => checkBindHost(host, [])).not.toThrow();
  });

  it.each(["0.0.0.0", "::", "10.0.0.5", "layaway.example.com", ""])("may be %s only with tokens", (host) => {
    expect(() => checkBindHost(host, [])).toThrow(/LAYAWAY_TOKENS/);
    expect(() => checkBindHost(host, ["t"])).not.toThrow();
  });
});
