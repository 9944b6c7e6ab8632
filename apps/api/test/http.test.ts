import { EventEmitter, once } from "node:events";
import { connect } from "node:net";

import { InternalError, LayawayError } from "@layaway/errors";
import { describe, expect, it } from "vitest";

import { FakeJobs, testApi } from "./test-api.ts";

const json = { "content-type": "application/json" };

class SlowDownError extends LayawayError {
  readonly code = "rate_limited";
  readonly side = "source";
  readonly retryable = true;
}

function jobsThatThrow(error: Error): FakeJobs {
  const jobs = new FakeJobs();
  jobs.list = async () => {
    throw error;
  };
  return jobs;
}

describe("every error is a problem document", () => {
  it.each([
    ["an unknown path", { method: "GET", url: "/v1/deliveries" }, 404],
    ["an unknown root", { method: "GET", url: "/nothing?x=1" }, 404],
    ["an unknown archive", { method: "GET", url: "/v1/archives/arc_0" }, 404],
    ["an id that cannot be one", { method: "GET", url: "/v1/archives/..%2f..%2fx" }, 404],
    ["an endless id", { method: "GET", url: `/v1/archives/${"x".repeat(500)}` }, 414],
    ["a malformed path", { method: "GET", url: "/v1/archives/%zz" }, 400],
    [
      "another media type",
      { method: "POST", url: "/v1/archives", headers: { "content-type": "text/plain" }, payload: "{}" },
      415,
    ],
    [
      "no media type",
      { method: "POST", url: "/v1/archives", payload: "{}", headers: { "content-type": "" } },
      415,
    ],
    [
      "a large body",
      {
        method: "POST",
        url: "/v1/archives",
        headers: json,
        payload: JSON.stringify({ image: "x".repeat(65_536) }),
      },
      413,
    ],
    ["an unknown query", { method: "GET", url: "/v1/archives?foo=1" }, 400],
  ] as const)("for %s", async (_what, request, status) => {
    const { app } = testApi();
    const answer = await app.inject(request);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({
      type: "about:blank",
      status,
      detail: expect.any(String),
      code: expect.any(String),
    });
  });

  it("says which methods a path has", async () => {
    const { app } = testApi();
    const answer = await app.inject({ method: "DELETE", url: "/v1/archives/arc_1" });
    expect([answer.statusCode, answer.headers.allow]).toEqual([405, "GET, HEAD"]);
    const put = await app.inject({ method: "PUT", url: "/v1/archives" });
    expect([put.statusCode, put.headers.allow]).toEqual([405, "GET, HEAD, POST"]);
  });

  it("for bytes that are no HTTP", async () => {
    const { app } = testApi();
    await app.listen({ port: 0, host: "127.0.0.1" });
    try {
      const { port } = app.server.address() as { port: number };
      const answer = await new Promise<string>((resolve, reject) => {
        let text = "";
        const socket = connect(port, "127.0.0.1", () => socket.write("NONSENSE\r\n\r\n"));
        socket.on("data", (piece) => (text += piece.toString()));
        socket.on("error", reject);
        socket.on("end", () => resolve(text));
      });
      expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
      expect(JSON.parse(answer.split("\r\n\r\n")[1] ?? "")).toMatchObject({
        status: 400,
        code: "invalid_request",
      });
    } finally {
      await app.close();
    }
  });

  it("with the time to wait, where one was named", async () => {
    const { app } = testApi({ jobs: jobsThatThrow(new SlowDownError("wait", { retryAfterMs: 1500 })) });
    const answer = await app.inject("/v1/archives");
    expect([answer.statusCode, answer.headers["retry-after"]]).toEqual([429, "2"]);
  });

  it("that tells nothing of an unexpected error, which the log has", async () => {
    const { app, log } = testApi({ jobs: jobsThatThrow(new TypeError("secret-cause")) });
    const answer = await app.inject("/v1/archives");
    expect([answer.statusCode, answer.json().code]).toEqual([500, "internal"]);
    expect(answer.body).not.toContain("secret-cause");
    expect(log()).toContain("secret-cause");
    expect(log()).toContain(`"reqId":"${answer.json().requestId}"`);
  });

  it("for Redis that is away", async () => {
    const { app } = testApi({
      jobs: jobsThatThrow(new InternalError("redis at 127.0.0.1:6379: connection refused")),
    });
    const answer = await app.inject("/v1/archives");
    expect([answer.statusCode, answer.json().code]).toEqual([503, "internal"]);
  });
});

describe("tokens", () => {
  const tokens = ["first-token", "second-token"];

  it.each([
    ["no token", {}, 401],
    ["another scheme", { authorization: "Basic Zmlyc3QtdG9rZW4=" }, 401],
    ["another token", { authorization: "Bearer first-tokem" }, 401],
    ["an empty token", { authorization: "Bearer " }, 401],
    ["a token and more", { authorization: "Bearer first-token second-token" }, 401],
    ["the first token", { authorization: "Bearer first-token" }, 200],
    ["the second token", { authorization: "bearer second-token" }, 200],
  ])("with %s", async (_what, headers, status) => {
    const { app } = testApi({ tokens });
    for (const url of ["/v1/archives", "/metrics"]) {
      const answer = await app.inject({ url, headers });
      expect(answer.statusCode).toBe(status);
    }
  });

  it("are named in the challenge of a refusal", async () => {
    const { app } = testApi({ tokens });
    const missing = await app.inject("/v1/archives");
    const wrong = await app.inject({ url: "/v1/archives", headers: { authorization: "Bearer x" } });
    expect(missing.headers["www-authenticate"]).toBe('Bearer realm="layaway"');
    expect(wrong.headers["www-authenticate"]).toBe('Bearer realm="layaway", error="invalid_token"');
    expect(wrong.json().code).toBe("unauthorized");
  });

  it("are asked for before anything is read", async () => {
    const { app } = testApi({ tokens });
    const answer = await app.inject({ method: "POST", url: "/v1/archives", headers: json, payload: "{" });
    expect(answer.statusCode).toBe(401);
  });

  it("leave health and documentation open", async () => {
    const { app } = testApi({ tokens });
    for (const url of ["/healthz", "/readyz", "/openapi.json", "/docs"]) {
      expect((await app.inject(url)).statusCode).toBe(200);
    }
  });

  it("never stand in records or logs, only an id of theirs does", async () => {
    const { app, written, log } = testApi({ tokens });
    const headers = { ...json, authorization: "Bearer second-token" };
    await app.inject({
      method: "POST",
      url: "/v1/archives?x=query-value",
      headers,
      payload: '{"image":"nginx"}',
    });
    await app.inject({ url: "/v1/archives?label=query-value", headers });
    expect(written[0]?.requester).toMatch(/^token-[0-9a-f]{8}$/);
    expect(log()).toContain(written[0]?.requester);
    expect(log()).not.toContain("second-token");
    expect(log()).not.toContain("query-value");
  });
});

describe("without tokens, web pages of this machine's browser", () => {
  const post = { method: "POST" as const, url: "/v1/archives", payload: '{"image":"nginx"}' };

  it.each(["127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.1.2.3", "layaway.localhost"])(
    "may come as %s",
    async (host) => {
      const { app } = testApi();
      expect((await app.inject({ url: "/v1/archives", headers: { host } })).statusCode).toBe(200);
    },
  );

  it.each([
    "attacker.example.com:8080",
    "127.0.0.1.attacker.example.com",
    "10.0.0.1:8080",
    "localhost.attacker.example.com",
  ])("may not come as %s", async (host) => {
    const { app } = testApi();
    for (const url of ["/v1/archives", "/metrics", "/docs", "/nothing"]) {
      const answer = await app.inject({ url, headers: { host } });
      expect([answer.statusCode, answer.json().code]).toEqual([403, "denied"]);
    }
  });

  it.each([
    ["http://localhost:8080", 202],
    ["http://localhost:3000", 403],
    ["https://attacker.example.com", 403],
    ["null", 403],
  ])("may post from %s: %i", async (origin, status) => {
    const { app } = testApi();
    const headers = { ...json, host: "localhost:8080", origin };
    expect((await app.inject({ ...post, headers })).statusCode).toBe(status);
  });

  it("with a token any host name is fine", async () => {
    const { app } = testApi({ tokens: ["t"] });
    const headers = { host: "layaway.example.com", authorization: "Bearer t" };
    expect((await app.inject({ url: "/v1/archives", headers })).statusCode).toBe(200);
  });
});

describe("answers", () => {
  it.each(["/v1/archives", "/nothing", "/healthz", "/v1/archives/%zz"])(
    "of %s are not kept, framed or sniffed",
    async (url) => {
      const { app } = testApi();
      const { headers } = await app.inject(url);
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    },
  );
});

describe("closing", () => {
  it("does not wait for a connection that never asks for anything", async () => {
    const { app } = testApi({ closeGraceMs: 50 });
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as { port: number };
    const connected = once(app.server, "connection");
    const silent = connect(port, "127.0.0.1");
    const ended = once(silent, "close");
    await connected;
    await app.close();
    await ended;
    expect(app.server.listening).toBe(false);
  });

  it("waits for an answer that is under way", async () => {
    const jobs = new FakeJobs();
    const asked = new EventEmitter();
    const isAsked = once(asked, "asked");
    jobs.list = async () => {
      asked.emit("asked");
      await once(asked, "go on");
      return { items: [] };
    };
    const { app } = testApi({ jobs });
    const address = await app.listen({ port: 0, host: "127.0.0.1" });
    const answer = fetch(`${address}/v1/archives`);
    await isAsked;
    const closed = app.close();
    asked.emit("go on");
    expect((await answer).status).toBe(200);
    await closed;
  });
});
