import { once } from "node:events";

import { LayawayError } from "@layaway/errors";
import { DestinationDeniedError } from "@layaway/object-store";
import { createMemoryStore } from "@layaway/object-store/memory";
import { describeWithServers, type RedisServer, startRedis } from "@layaway/testing";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from "vitest";

import type { ArchiveOne } from "../src/index.ts";
import { deploy, type Deployment, type DeploymentOptions, secret } from "./deployment.ts";
import { type HookReceiver, startHookReceiver } from "./hook-receiver.ts";
import { events, result } from "./records.ts";

class SlowDownError extends LayawayError {
  readonly code = "rate_limited";
  readonly side = "source";
  readonly retryable = true;
}

class UnknownError extends LayawayError {
  readonly code = "manifest_unknown";
  readonly side = "source";
  readonly retryable = false;
}

const archiveAll: ArchiveOne = async ({ onEvent }) => {
  for (const event of events) onEvent(event);
  return result;
};

describeWithServers("a request, from POST to webhook", ["redis"], () => {
  let redis: RedisServer;
  let receiver: HookReceiver;
  let deployment: Deployment | undefined;
  let deployments = 0;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    receiver = await startHookReceiver();
  });
  afterEach(async () => {
    await deployment?.close();
    deployment = undefined;
    await receiver.stop();
  });

  async function start(archive: ArchiveOne, more: Partial<DeploymentOptions> = {}): Promise<Deployment> {
    deployments += 1;
    deployment = await deploy({ redisUrl: redis.url, prefix: `t${deployments}`, archive, ...more });
    return deployment;
  }
  const post = (to: Deployment, body: object, headers: Record<string, string> = {}) =>
    to.app.inject({ method: "POST", url: "/v1/archives", payload: body, headers });
  const inState = (at: Deployment, url: string, state: string): Promise<Record<string, unknown>> =>
    vi.waitFor(
      async () => {
        const archive = (await at.app.inject(url)).json();
        expect(archive.state).toBe(state);
        return archive;
      },
      { timeout: 20_000, interval: 50 },
    );
  const hookAt = (index: number) =>
    vi.waitFor(
      () => {
        const hook = receiver.hooks[index];
        if (hook === undefined) throw new Error("not yet");
        return hook;
      },
      { timeout: 20_000, interval: 50 },
    );

  it("ends in a receipt and in a webhook that its receiver can verify", async () => {
    const at = await start(archiveAll);
    const accepted = await post(at, {
      image: "nginx:1.27",
      callbackUrl: receiver.url,
      labels: { team: "blue" },
    });
    expect(accepted.statusCode).toBe(202);
    const { id } = accepted.json();
    expect(await at.ledger.readRequest(id)).toMatchObject({ id, image: "nginx:1.27", destination: "models" });

    const hook = await hookAt(0);
    expect(new Webhook(secret).verify(hook.body, hook.headers)).toMatchObject({ type: "archive.completed" });
    expect(hook.headers["webhook-id"]).toMatch(/^evt_[0-9a-f]{32}$/);
    const archive = await inState(at, `/v1/archives/${id}`, "completed");
    expect(JSON.parse(hook.body).data).toEqual(archive);
    expect(archive).toMatchObject({
      digest: result.digest,
      key: "nginx.tar",
      size: 1000,
      bytes: { total: 1000, done: 1000, fetched: 900, reused: 100 },
      labels: { team: "blue" },
    });
    expect(await at.ledger.readReceipt(id)).toMatchObject({
      id,
      outcome: "completed",
      etag: "e1",
      layers: result.layers,
    });
  });

  it("is verified by nobody who has another secret", async () => {
    const at = await start(archiveAll);
    await post(at, { image: "nginx", callbackUrl: receiver.url });
    const hook = await hookAt(0);
    const other = new Webhook(Buffer.from("another secret of enough bytes..").toString("base64"));
    expect(() => other.verify(hook.body, hook.headers)).toThrow("No matching signature");
  });

  it("is one archive while it is open, and another one afterwards", async () => {
    const gate = new AbortController();
    let runs = 0;
    const at = await start(async () => {
      runs += 1;
      if (!gate.signal.aborted) await once(gate.signal, "abort");
      return result;
    });
    const first = await post(at, { image: "nginx" });
    const both = await Promise.all([
      post(at, { image: "docker.io/library/nginx" }),
      post(at, { image: "nginx:latest" }),
    ]);
    expect(both.map((answer) => [answer.statusCode, answer.json().id])).toEqual([
      [200, first.json().id],
      [200, first.json().id],
    ]);
    gate.abort();
    await inState(at, first.json().links.self, "completed");
    const later = await post(at, { image: "nginx" });
    expect(later.statusCode).toBe(202);
    await inState(at, later.json().links.self, "completed");
    expect([later.json().id === first.json().id, runs]).toEqual([false, 2]);
  });

  it("is one archive for two callers at the same moment", async () => {
    const at = await start(archiveAll);
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(at, { image: "nginx" })));
    expect(new Set(answers.map((answer) => answer.json().id)).size).toBe(1);
    for (const answer of answers) expect([200, 202]).toContain(answer.statusCode);
  });

  it("is found again by its Idempotency-Key, also after its end", async () => {
    const at = await start(archiveAll);
    const key = { "idempotency-key": "build-17" };
    const first = (await post(at, { image: "nginx" }, key)).json();
    await inState(at, first.links.self, "completed");
    const again = await post(at, { image: "nginx" }, key);
    expect([again.statusCode, again.json().id, again.json().state]).toEqual([200, first.id, "completed"]);
    const other = await post(at, { image: "redis" }, key);
    expect([other.statusCode, other.json().code]).toEqual([422, "invalid_request"]);
  });

  it("waits where the registry says so, and then goes on", async () => {
    let runs = 0;
    const at = await start(async (task) => {
      runs += 1;
      if (runs === 1) throw new SlowDownError("GET ...: 429", { retryAfterMs: 2000 });
      return archiveAll(task);
    });
    const { links } = (await post(at, { image: "nginx" })).json();
    const waiting = await inState(at, links.self, "waiting");
    expect(waiting["error"]).toMatchObject({ code: "rate_limited", side: "source", retryable: true });
    const completed = await inState(at, links.self, "completed");
    expect(completed["error"]).toBeUndefined();
  });

  it("that fails says why: in the answer, in the receipt and in the webhook", async () => {
    const at = await start(async () => {
      throw new UnknownError("GET https://registry.example.com/v2/nginx/manifests/nope: 404");
    });
    const { id, links } = (await post(at, { image: "nginx:nope", callbackUrl: receiver.url })).json();
    const archive = await inState(at, links.self, "failed");
    const error = {
      code: "manifest_unknown",
      side: "source",
      retryable: false,
      message: expect.stringContaining("404"),
    };
    expect(archive["error"]).toEqual(error);
    const hook = await hookAt(0);
    expect(new Webhook(secret).verify(hook.body, hook.headers)).toMatchObject({
      type: "archive.failed",
      data: { error },
    });
    expect(await at.ledger.readReceipt(id)).toMatchObject({ outcome: "failed", error });
    const download = await at.app.inject(links.download);
    expect(download.statusCode).toBe(409);
  });

  it("tells nobody the secrets that stood behind an error", async () => {
    const at = await start(async () => {
      throw new UnknownError("GET ...: 404", { cause: new Error("whsec_c4n4ryc4n4ry") });
    });
    const { links } = (await post(at, { image: "nginx", callbackUrl: receiver.url })).json();
    await inState(at, links.self, "failed");
    expect(`${(await hookAt(0)).body}${at.log()}`).not.toContain("c4n4ry");
  });

  it("sends the same event and the same bytes again to a receiver that was not ready", async () => {
    const at = await start(archiveAll);
    receiver.statuses.push(503);
    await post(at, { image: "nginx", callbackUrl: receiver.url });
    const [first, again] = [await hookAt(0), await hookAt(1)];
    expect(again.body).toBe(first.body);
    expect(again.headers["webhook-id"]).toBe(first.headers["webhook-id"]);
    expect(new Webhook(secret).verify(again.body, again.headers)).toBeDefined();
  });

  it("is not accepted where the bucket does not take its record, and may come again", async () => {
    const memory = createMemoryStore();
    let isReadOnly = true;
    const store = {
      ...memory,
      async put(...put: Parameters<typeof memory.put>) {
        if (isReadOnly) throw new DestinationDeniedError("PUT s3://backup/.layaway/requests: 403");
        return memory.put(...put);
      },
    };
    const at = await start(archiveAll, { store });
    const refused = await post(at, { image: "nginx" }, { "idempotency-key": "k" });
    expect([refused.statusCode, refused.json().code]).toEqual([403, "destination_denied"]);
    expect((await at.app.inject("/v1/archives")).json().items).toEqual([]);
    isReadOnly = false;
    const accepted = await post(at, { image: "redis" }, { "idempotency-key": "k" });
    expect(accepted.statusCode).toBe(202);
    await inState(at, accepted.json().links.self, "completed");
  });

  it("stands in lists and metrics", async () => {
    const at = await start(archiveAll, { tokens: ["t"] });
    const headers = { authorization: "Bearer t" };
    const { id } = (await post(at, { image: "nginx", labels: { team: "blue" } }, headers)).json();
    await vi.waitFor(async () => {
      const found = (
        await at.app.inject({ url: "/v1/archives?state=completed&label=team%3Dblue", headers })
      ).json();
      expect(found.items).toMatchObject([{ id, state: "completed" }]);
    }, 20_000);
    const none = (await at.app.inject({ url: "/v1/archives?label=team%3Dred", headers })).json();
    expect(none.items).toEqual([]);
    const metrics = (await at.app.inject({ url: "/metrics", headers })).body;
    expect(metrics).toContain('layaway_archives{state="completed"} 1');
    expect(metrics).toContain('layaway_worker_fetched_bytes_total{destination="models"} 900');
    expect(metrics).toContain("layaway_redis_up 1");
    expect((await at.ledger.readRequest(id))?.requester).toMatch(/^token-/);
  });

  it("is refused with 503 while Redis is away, and accepted when it is back", async () => {
    const at = await start(archiveAll);
    redis.freeze();
    const [refused, ready] = await Promise.all([post(at, { image: "nginx" }), at.app.inject("/readyz")]);
    redis.thaw();
    expect([refused.statusCode, refused.json().code, ready.statusCode]).toEqual([503, "internal", 503]);
    const accepted = await post(at, { image: "nginx" });
    expect([200, 202]).toContain(accepted.statusCode);
    await inState(at, accepted.json().links.self, "completed");
  });
});
