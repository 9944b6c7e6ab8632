import { InvalidRequestError } from "@layaway/errors";
import { DestinationDeniedError } from "@layaway/object-store";
import { describe, expect, it } from "vitest";

import { idOf, testApi, testDestination } from "./test-api.ts";

const digest = `sha256:${"a".repeat(64)}`;
const post = (body: unknown, headers: Record<string, string> = {}) => ({
  method: "POST" as const,
  url: "/v1/archives",
  headers: { "content-type": "application/json", ...headers },
  payload: typeof body === "string" ? body : JSON.stringify(body),
});

const manyLabels = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => [`l${at}`, ""]));
const refuse = (): never => {
  throw new InvalidRequestError("no");
};

describe("POST /v1/archives", () => {
  it("answers 202 with the archive and where to find it", async () => {
    const { app } = testApi();
    const answer = await app.inject(post({ image: "nginx:1.27", labels: { team: "blue" } }));
    expect(answer.statusCode).toBe(202);
    expect(answer.headers.location).toBe(`/v1/archives/${idOf(1)}`);
    expect(answer.json()).toEqual({
      id: idOf(1),
      state: "queued",
      image: "nginx:1.27",
      platform: "linux/amd64",
      destination: "models",
      bytes: { total: 0, done: 0, fetched: 0, reused: 0 },
      labels: { team: "blue" },
      createdAt: "2026-05-04T08:12:31.042Z",
      links: { self: `/v1/archives/${idOf(1)}`, download: `/v1/archives/${idOf(1)}/download` },
    });
  });

  it("writes into the bucket what it puts into the queue, normalised", async () => {
    const { app, jobs, written } = testApi();
    await app.inject(
      post({
        image: "docker://nginx",
        platform: "linux/x86_64",
        name: "mirror.example.com/nginx",
        callbackUrl: "https://ci.example.com/done",
        priority: 7,
        destination: "models",
      }),
    );
    expect(written).toEqual(jobs.records);
    expect(written[0]).toEqual({
      version: 1,
      id: idOf(1),
      image: "docker://nginx",
      platform: "linux/amd64",
      destination: "models",
      name: "mirror.example.com/nginx:latest",
      callbackUrl: "https://ci.example.com/done",
      priority: 7,
      labels: {},
      createdAt: "2026-05-04T08:12:31.042Z",
    });
  });

  it("answers links below the public URL where there is one", async () => {
    const { app } = testApi({ publicUrl: new URL("https://layaway.example.com/api/") });
    const answer = await app.inject(post({ image: "nginx" }));
    expect(answer.json().links.self).toBe(`https://layaway.example.com/api/v1/archives/${idOf(1)}`);
    expect(answer.headers.location).toBe(answer.json().links.self);
  });

  it("knows the same request however it is spelled", async () => {
    const { app, written } = testApi();
    await app.inject(post({ image: "nginx" }));
    const again = await app.inject(
      post({
        image: "docker.io/library/nginx:latest",
        platform: "linux/amd64",
        destination: "models",
        priority: 1,
      }),
    );
    expect([again.statusCode, again.json().id]).toEqual([200, idOf(1)]);
    expect(written).toHaveLength(1);
  });

  it.each([
    ["another tag", { image: "nginx:1.27" }],
    ["a digest", { image: `nginx@${digest}` }],
    ["another platform", { image: "nginx", platform: "linux/arm64" }],
    ["all platforms", { image: "nginx", platform: "all" }],
    ["another name", { image: "nginx", name: "other" }],
    ["a callback", { image: "nginx", callbackUrl: "https://ci.example.com/" }],
    ["another destination", { image: "nginx", destination: "partner" }],
  ])("takes %s as another request", async (_what, body) => {
    const destinations = new Map([
      ["models", testDestination({})],
      ["partner", testDestination({})],
    ]);
    const { app } = testApi({ destinations });
    await app.inject(post({ image: "nginx" }));
    expect((await app.inject(post(body))).statusCode).toBe(202);
  });

  it("gives a repeated Idempotency-Key the archive of the first call, and 422 with another body", async () => {
    const { app } = testApi();
    const key = { "idempotency-key": "k-1" };
    await app.inject(post({ image: "nginx", labels: { a: "1", b: "2" } }, key));
    const repeated = await app.inject(post({ labels: { b: "2", a: "1" }, image: "nginx" }, key));
    const other = await app.inject(post({ image: "nginx", labels: { a: "1" } }, key));
    expect([repeated.statusCode, repeated.json().id]).toEqual([200, idOf(1)]);
    expect([other.statusCode, other.json().code]).toEqual([422, "invalid_request"]);
  });

  it("keeps the Idempotency-Keys of two tokens apart", async () => {
    const { app } = testApi({ tokens: ["one", "two"] });
    const send = (token: string, image: string) =>
      app.inject(post({ image }, { "idempotency-key": "k", authorization: `Bearer ${token}` }));
    await send("one", "nginx");
    expect((await send("two", "redis")).statusCode).toBe(202);
    expect((await send("one", "redis")).statusCode).toBe(422);
  });

  it("finishes what a caller left between claim and queue, under the same id", async () => {
    const { app, jobs, written } = testApi();
    await app.inject(post({ image: "nginx" }));
    jobs.archives.clear();
    const healed = await app.inject(post({ image: "nginx" }));
    expect([healed.statusCode, healed.json().id]).toEqual([202, idOf(1)]);
    expect(written.map(({ id }) => id)).toEqual([idOf(1), idOf(1)]);
  });

  it("accepts nothing that is not written down, and frees the claim", async () => {
    const refused = testDestination({});
    const { app, jobs } = testApi({
      destinations: new Map([
        [
          "models",
          {
            ...refused,
            ledger: {
              writeRequest: async () => {
                throw new DestinationDeniedError("PUT s3://backup/.layaway: 403");
              },
            },
          },
        ],
      ]),
    });
    const answer = await app.inject(post({ image: "nginx" }));
    expect([answer.statusCode, answer.json().code]).toEqual([403, "destination_denied"]);
    expect(jobs.released).toEqual([idOf(1)]);
    expect(jobs.records).toEqual([]);
  });

  it.each([
    ["no image", {}, 400, "invalid_request"],
    ["an unknown field", { image: "nginx", foo: 1 }, 400, "invalid_request"],
    ["an image that is no text", { image: 7 }, 400, "invalid_request"],
    ["a malformed image", { image: "NGINX::" }, 400, "invalid_reference"],
    ["an empty image", { image: "" }, 400, "invalid_reference"],
    ["a docker-daemon image", { image: "docker-daemon:nginx:1" }, 400, "invalid_reference"],
    ["a malformed name", { image: "nginx", name: "a b" }, 400, "invalid_reference"],
    ["a malformed platform", { image: "nginx", platform: "amiga" }, 400, "invalid_request"],
    ["an unknown destination", { image: "nginx", destination: "nowhere" }, 404, "destination_unknown"],
    ["a priority out of range", { image: "nginx", priority: 0 }, 400, "invalid_request"],
    ["a label that is no text", { image: "nginx", labels: { a: 1 } }, 400, "invalid_request"],
    ["a label with a line break", { image: "nginx", labels: { a: "b\nc" } }, 400, "invalid_request"],
    ["a label's name with a space", { image: "nginx", labels: { "a b": "c" } }, 400, "invalid_request"],
    ["__proto__", '{"image":"nginx","__proto__":{}}', 400, "invalid_request"],
    ["a list", [], 400, "invalid_request"],
    ["no JSON", '{"image": secret-text', 400, "invalid_request"],
    ["nothing", "", 400, "invalid_request"],
  ])("refuses %s", async (_what, body, status, code) => {
    const { app, jobs, written } = testApi();
    const answer = await app.inject(post(body));
    expect(answer.headers["content-type"]).toMatch(/^application\/problem\+json/);
    expect(answer.json()).toMatchObject({ status, code, title: expect.any(String), type: "about:blank" });
    expect(answer.statusCode).toBe(status);
    expect(answer.body).not.toContain("secret-text");
    expect([jobs.claims, written]).toEqual([[], []]);
  });

  it("names the field that is wrong", async () => {
    const { app } = testApi();
    const answer = await app.inject(post({ image: "nginx", labels: { team: 5 } }));
    expect(answer.json().errors).toEqual([{ path: "labels.team", message: expect.any(String) }]);
    expect(answer.json().detail).toContain("body: labels.team: ");
  });

  it("takes 32 labels and no more", async () => {
    const { app } = testApi();
    expect((await app.inject(post({ image: "nginx", labels: manyLabels(32) }))).statusCode).toBe(202);
    expect((await app.inject(post({ image: "redis", labels: manyLabels(33) }))).statusCode).toBe(400);
  });

  it("refuses an Idempotency-Key that is empty or endless", async () => {
    const { app } = testApi();
    for (const key of ["", "k".repeat(256)]) {
      expect((await app.inject(post({ image: "nginx" }, { "idempotency-key": key }))).statusCode).toBe(400);
    }
  });

  it("needs a destination where there is no default one", async () => {
    const { app } = testApi({ defaultDestination: undefined });
    const answer = await app.inject(post({ image: "nginx" }));
    expect([answer.statusCode, answer.json().code]).toEqual([400, "invalid_request"]);
  });

  it("asks the policy about registry and callback before it claims anything", async () => {
    for (const policy of [{ checkRegistry: refuse }, { checkCallbackUrl: refuse }]) {
      const { app, jobs } = testApi(policy);
      const answer = await app.inject(post({ image: "nginx", callbackUrl: "https://ci.example.com/" }));
      expect(answer.statusCode).toBe(400);
      expect(jobs.claims).toEqual([]);
    }
  });
});
