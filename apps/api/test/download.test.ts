import { once } from "node:events";
import { get } from "node:http";

import { DestinationUnavailableError, type ByteRange } from "@layaway/object-store";
import { describe, expect, it, vi } from "vitest";

import type { ApiDestination } from "../src/api-deps.ts";
import { archiveOf, FakeJobs, idOf, testApi, testDestination } from "./test-api.ts";

const tar = Buffer.from("0123456789");
const url = `/v1/archives/${idOf(1)}/download`;

function completed(fields: object = {}): FakeJobs {
  const jobs = new FakeJobs();
  const record = {
    version: 1,
    id: idOf(1),
    image: "nginx:1.27",
    platform: "linux/arm64",
    destination: "models",
    priority: 50,
    labels: {},
    createdAt: "2026-05-04T08:12:31.042Z",
  } as const;
  jobs.archives.set(idOf(1), {
    ...archiveOf(record),
    state: "completed",
    key: "nginx.tar",
    size: tar.length,
    ...fields,
  });
  return jobs;
}

function store(more: Partial<ApiDestination["store"]> = {}): ReadonlyMap<string, ApiDestination> {
  const object = { key: "nginx.tar", sizeBytes: tar.length, etag: "e1", metadata: {} };
  return new Map([
    [
      "models",
      testDestination({
        head: async (key) => (key === object.key ? object : undefined),
        async get(_key, options: { readonly range?: ByteRange } = {}) {
          const { offset, length } = options.range ?? { offset: 0, length: tar.length };
          return (async function* () {
            yield tar.subarray(offset, offset + length);
          })();
        },
        ...more,
      }),
    ],
  ]);
}

describe("GET /v1/archives/{id}/download", () => {
  it("leads to a URL that is good for 15 minutes and names the file", async () => {
    const asked: unknown[] = [];
    const destinations = store({
      async presignGet(key, options) {
        asked.push({ key, ...options });
        return "https://s3.example.com/nginx.tar?X-Amz-Signature=s";
      },
    });
    const { app, log } = testApi({ jobs: completed(), destinations });
    const answer = await app.inject(url);
    expect([answer.statusCode, answer.headers.location]).toEqual([
      302,
      "https://s3.example.com/nginx.tar?X-Amz-Signature=s",
    ]);
    expect(asked).toEqual([
      { key: "nginx.tar", expiresInSeconds: 900, filename: "nginx_1.27_linux-arm64.tar" },
    ]);
    expect(answer.headers["cache-control"]).toBe("no-store");
    expect(log()).not.toContain("X-Amz-Signature");
  });

  it("streams the archive where the store has no such URLs", async () => {
    const { app } = testApi({ jobs: completed(), destinations: store() });
    const answer = await app.inject(url);
    expect([answer.statusCode, answer.body]).toEqual([200, "0123456789"]);
    expect(answer.headers).toMatchObject({
      "content-length": "10",
      "content-type": "application/x-tar",
      "content-disposition": 'attachment; filename="nginx_1.27_linux-arm64.tar"',
      "accept-ranges": "bytes",
      etag: '"e1"',
    });
  });

  it.each([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=-30", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=5-500", 206, "56789", "bytes 5-9/10"],
    ["bytes=0-1,3-4", 200, "0123456789", undefined],
    ["bytes=4-2", 200, "0123456789", undefined],
    ["lines=1-2", 200, "0123456789", undefined],
  ])("streams %s: %i", async (range, status, body, contentRange) => {
    const { app } = testApi({ jobs: completed(), destinations: store() });
    const answer = await app.inject({ url, headers: { range } });
    expect([answer.statusCode, answer.body, answer.headers["content-range"]]).toEqual([
      status,
      body,
      contentRange,
    ]);
    expect(answer.headers["content-length"]).toBe(String(body.length));
  });

  it("refuses a range behind the end", async () => {
    const { app } = testApi({ jobs: completed(), destinations: store() });
    for (const range of ["bytes=10-", "bytes=-0"]) {
      const answer = await app.inject({ url, headers: { range } });
      expect([answer.statusCode, answer.headers["content-range"]]).toEqual([416, "bytes */10"]);
      expect(answer.json().status).toBe(416);
    }
  });

  it("streams the whole archive where If-Range names another object", async () => {
    const { app } = testApi({ jobs: completed(), destinations: store() });
    const withEtag = (etag: string) => app.inject({ url, headers: { range: "bytes=2-4", "if-range": etag } });
    expect((await withEtag('"e1"')).statusCode).toBe(206);
    expect((await withEtag('"e0"')).body).toBe("0123456789");
  });

  it("answers HEAD without reading the archive", async () => {
    const destinations = store({ get: () => Promise.reject(new Error("was read")) });
    const { app } = testApi({ jobs: completed(), destinations });
    const answer = await app.inject({ method: "HEAD", url });
    expect([answer.statusCode, answer.headers["content-length"], answer.body]).toEqual([200, "10", ""]);
  });

  it.each(["queued", "running", "waiting", "failed", "cancelled"] as const)(
    "answers 409 while the archive is %s",
    async (state) => {
      const { app } = testApi({ jobs: completed({ state }), destinations: store() });
      const answer = await app.inject(url);
      expect([answer.statusCode, answer.json().code]).toEqual([409, "invalid_request"]);
    },
  );

  it("answers 404 where the object or its destination is gone", async () => {
    const gone = testApi({ jobs: completed(), destinations: store({ head: async () => undefined }) });
    expect((await gone.app.inject(url)).json()).toMatchObject({ status: 404, code: "blob_unknown" });
    const unknown = testApi({ jobs: completed(), destinations: new Map() });
    expect((await unknown.app.inject(url)).json()).toMatchObject({
      status: 404,
      code: "destination_unknown",
    });
  });

  it("answers 503 where the store is away, before it promised any length", async () => {
    const destinations = store({
      get: () => Promise.reject(new DestinationUnavailableError("GET s3://backup/nginx.tar: 503")),
    });
    const { app } = testApi({ jobs: completed(), destinations });
    const answer = await app.inject({ url, headers: { range: "bytes=2-4" } });
    expect([answer.statusCode, answer.json().code]).toEqual([503, "destination_unavailable"]);
    expect(answer.headers["content-length"]).toBe(String(Buffer.byteLength(answer.body)));
    expect(answer.headers["content-range"]).toBeUndefined();
  });

  it("breaks off where the store does, so that nobody takes a part for the whole", async () => {
    const destinations = store({
      async get() {
        return (async function* () {
          yield tar.subarray(0, 4);
          throw new DestinationUnavailableError("GET s3://backup/nginx.tar: reset");
        })();
      },
    });
    const { app } = testApi({ jobs: completed(), destinations });
    const address = await app.listen({ port: 0, host: "127.0.0.1" });
    try {
      const answer = await fetch(`${address}${url}`);
      expect(answer.headers.get("content-length")).toBe("10");
      await expect(answer.text()).rejects.toThrow();
    } finally {
      await app.close();
    }
  });

  it("lets go of the store when its caller goes away", async () => {
    const signals: AbortSignal[] = [];
    const destinations = store({
      async get(_key, options = {}) {
        const { signal = AbortSignal.abort() } = options;
        signals.push(signal);
        return (async function* () {
          yield tar.subarray(0, 4);
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
        })();
      },
    });
    const { app } = testApi({ jobs: completed(), destinations });
    const address = await app.listen({ port: 0, host: "127.0.0.1" });
    try {
      const caller = get(`${address}${url}`);
      caller.on("error", () => {});
      await once(caller, "response");
      caller.destroy();
      await vi.waitFor(() => expect(signals.map((signal) => signal.aborted)).toEqual([true]));
    } finally {
      await app.close();
    }
  });
});
