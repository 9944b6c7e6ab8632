import { getEventListeners } from "node:events";

import { describe, expect, onTestFinished, test } from "vitest";

import { type Credentials, UnauthorizedError } from "../src/index.ts";
import {
  distrustfulOutbound,
  patternBytes,
  putBlob,
  putImage,
  repository,
  signal,
  startFixture,
} from "./fixture.ts";

const ann: Credentials = { kind: "basic", username: "ann", password: "pass:word" };
const users = { ann: "pass:word" };
const content = patternBytes(0, 100_000);

function always(credentials: Credentials): { credentialsFor: () => Promise<Credentials> } {
  return { credentialsFor: () => Promise.resolve(credentials) };
}

describe("tokens", () => {
  test("are asked for once, however many windows wait for one", async () => {
    const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" } } });
    const first = client.openBlob(reference(":1"), putBlob(server, content));
    const second = client.openBlob(reference(":1"), putBlob(server, content.subarray(1)));
    await Promise.all([first, second].map((reader) => reader.read(Buffer.alloc(1000), 0, { signal })));
    expect(server.log.filter((entry) => entry.kind === "token")).toHaveLength(1);
    expect(server.log.find((entry) => entry.kind === "token")?.path).toBe(
      `/token?service=fault-registry&scope=repository%3Ateam%2Fapp%3Apull&client_id=layaway`,
    );
  });

  test("are renewed when a tenth of their lifetime is left", async () => {
    let now = 0;
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token", expiresInSeconds: 100 }, now: () => now },
      client: { now: () => now },
    });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    const tokensAt = async (ms: number): Promise<number> => {
      now = ms;
      await reader.read(Buffer.alloc(10), 0, { signal });
      return server.log.filter((entry) => entry.kind === "token").length;
    };
    expect(await tokensAt(0)).toBe(1);
    expect(await tokensAt(89_999)).toBe(1);
    expect(await tokensAt(90_000)).toBe(2);
    expect(server.log.filter((entry) => entry.status === 401)).toHaveLength(1);
  });

  test("live for 60 s where the server does not say", async () => {
    let now = 0;
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token" } },
      client: { now: () => now },
    });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    for (const ms of [0, 53_999, 54_000]) {
      now = ms;
      await reader.read(Buffer.alloc(10), 0, { signal });
    }
    expect(server.log.filter((entry) => entry.kind === "token")).toHaveLength(2);
  });

  test("that run out in the middle of a blob are renewed once, at the same byte", async () => {
    const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" } } });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    await reader.read(Buffer.alloc(1000), 0, { signal });
    server.revokeTokens();
    const whole = Buffer.alloc(4000);
    await Promise.all(
      [0, 1, 2, 3].map((n) => reader.read(whole.subarray(n * 1000, n * 1000 + 1000), n * 1000, { signal })),
    );
    expect(whole.equals(content.subarray(0, 4000))).toBe(true);
    expect(server.log.filter((entry) => entry.kind === "token")).toHaveLength(2);
  });

  test.each([
    { lifetime: "100", usedMs: 90_000 },
    { lifetime: null, usedMs: 54_000 },
    { lifetime: "soon", usedMs: 54_000 },
  ])("are taken with the lifetime $lifetime and beside nulls", async ({ lifetime, usedMs }) => {
    let now = 0;
    const { server, client, reference } = await startFixture({ client: { now: () => now } });
    const challenge = { "www-authenticate": `Bearer realm="http://${server.host}/token"` };
    server.inject({ on: "blob", status: 401, headers: challenge });
    const body = JSON.stringify({ token: null, access_token: "t", expires_in: lifetime });
    server.inject({ on: "token", status: 200, body, times: Infinity });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    for (now of [0, usedMs - 1, usedMs]) await reader.read(Buffer.alloc(10), 0, { signal });
    const kinds = ["blob", "token", "blob", "blob", "token", "blob"];
    expect(server.log.map((entry) => entry.kind)).toEqual(kinds);
  });

  test("for another repository are asked for without waiting for a refusal", async () => {
    const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" } } });
    await client.openBlob(reference(":1"), putBlob(server, content)).read(Buffer.alloc(10), 0, { signal });
    server.putBlob(`${repository}-two`, content);
    await client
      .openBlob(reference("-two:1"), putBlob(server, content))
      .read(Buffer.alloc(10), 0, { signal });
    expect(server.log.map((entry) => `${entry.kind} ${entry.status}`)).toEqual([
      "blob 401",
      "token 200",
      "blob 206",
      "token 200",
      "blob 206",
    ]);
  });

  test("are asked for with the credentials of this registry", async () => {
    const asked: string[] = [];
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token", users } },
      client: {
        credentialsFor: ({ registry }) => {
          asked.push(registry);
          return Promise.resolve(ann);
        },
      },
    });
    await client.openBlob(reference(":1"), putBlob(server, content)).read(Buffer.alloc(10), 0, { signal });
    expect(asked).toEqual([server.host]);
    expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, "Basic", "Bearer"]);
    expect(server.log[1]?.path).toContain("account=ann");
  });

  test("are bought with an identity token by POST", async () => {
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token", users, identityTokens: ["refresh"] } },
      client: always({ kind: "identityToken", token: "refresh" }),
    });
    await client.openBlob(reference(":1"), putBlob(server, content)).read(Buffer.alloc(10), 0, { signal });
    expect(server.log.map((entry) => `${entry.method} ${entry.path.split("?")[0]}`).slice(0, 2)).toEqual([
      `GET /v2/${repository}/blobs/${putBlob(server, content).digest}`,
      "POST /token",
    ]);
    expect(server.log[1]?.path).not.toContain("refresh");
  });

  test.each([404, 405])("are bought by GET where POST is answered with %d", async (postStatus) => {
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token", users: { "<token>": "refresh" }, postStatus } },
      client: always({ kind: "identityToken", token: "refresh" }),
    });
    await client.openBlob(reference(":1"), putBlob(server, content)).read(Buffer.alloc(10), 0, { signal });
    expect(server.log.map((entry) => entry.method)).toEqual(["GET", "POST", "GET", "GET"]);
  });

  test("that the operator gives are sent unchanged, and never twice", async () => {
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token" } },
      client: always({ kind: "registryToken", token: "given" }),
    });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toBeInstanceOf(UnauthorizedError);
    expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, "Bearer"]);
  });

  test("are waited for through a token server's bad moments", async () => {
    const { server, client, reference, slept } = await startFixture({ server: { auth: { kind: "token" } } });
    server.inject({ on: "token", status: 503, times: 2 });
    await client.openBlob(reference(":1"), putBlob(server, content)).read(Buffer.alloc(10), 0, { signal });
    expect(slept).toEqual([250, 500]);
  });

  test.each([
    { what: "no JSON", body: "<html>" },
    { what: "no token", body: "{}" },
    { what: "something that breaks a header", body: JSON.stringify({ token: "a\r\nx: y" }) },
    { what: "more than a MiB", body: JSON.stringify({ token: "t".repeat(1024 * 1024) }) },
  ])("are not taken from an answer with $what", async ({ body }) => {
    const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" } } });
    server.inject({ on: "token", status: 200, body });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toMatchObject({
      code: "source_unavailable",
      retryable: false,
    });
  });

  test("stop being waited for as soon as the only one who waits is aborted", async () => {
    const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" } } });
    server.inject({ on: "token", stallAfter: "headers" });
    const abort = new AbortController();
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    const reading = reader.read(Buffer.alloc(10), 0, { signal: abort.signal });
    const seen = setInterval(() => server.log.length === 2 && abort.abort(), 5);
    await expect(reading).rejects.toMatchObject({ code: "cancelled" });
    clearInterval(seen);
    await server.settled();
  });
});

describe("a refusal", () => {
  test("is final after two attempts", async () => {
    const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" } } });
    server.inject({
      on: "blob",
      status: 401,
      headers: { "www-authenticate": `Bearer realm="http://${server.host}/token"` },
      times: Infinity,
    });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toBeInstanceOf(UnauthorizedError);
    expect(server.log.map((entry) => entry.kind)).toEqual(["blob", "token", "blob"]);
  });

  test("of a wrong password by the token server is final where it serves nobody without one", async () => {
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token", users } },
      client: always({ ...ann, password: "wrong" }),
    });
    putImage(server, { tags: ["1"] });
    const error: unknown = await client
      .fetchManifest(reference(":1"), { signal })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UnauthorizedError);
    expect(String(error)).not.toContain("wrong");
    expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, "Basic", undefined]);
  });

  test.each([
    { status: 401, code: "unauthorized" },
    { status: 403, code: "denied" },
  ])("by the token server with $status names the repository", async ({ status, code }) => {
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token", users } },
      client: always(ann),
    });
    server.inject({ on: "token", status });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    const reading = reader.read(Buffer.alloc(10), 0, { signal });
    await expect(reading).rejects.toMatchObject({ code, retryable: false });
    await expect(reading).rejects.toThrow(`${server.host}/${repository} may not be read`);
    expect(server.log.map((entry) => `${entry.kind} ${entry.status}`)).toEqual([
      "blob 401",
      `token ${status}`,
      "token 401",
    ]);
  });

  test("without credentials says so, with Basic", async () => {
    const { server, client, reference } = await startFixture({ server: { auth: { kind: "basic", users } } });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toBeInstanceOf(UnauthorizedError);
    expect(server.log).toHaveLength(1);
  });

  test("of Basic credentials is final at once, and does not try them again", async () => {
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "basic", users } },
      client: always({ ...ann, password: "wrong" }),
    });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toBeInstanceOf(UnauthorizedError);
    expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, "Basic"]);
  });

  test("that names 403 is DENIED and final", async () => {
    const { server, client, reference } = await startFixture();
    server.inject({ on: "blob", status: 403, body: JSON.stringify({ errors: [{ code: "DENIED" }] }) });
    const reader = client.openBlob(reference(":1"), putBlob(server, content));
    await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toMatchObject({ code: "denied" });
    expect(server.log).toHaveLength(1);
  });
});

test("Basic credentials are sent where they are asked for", async () => {
  const { server, client, reference } = await startFixture({
    server: { auth: { kind: "basic", users } },
    client: always(ann),
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const into = Buffer.alloc(1000);
  await reader.read(into, 0, { signal });
  await reader.read(into, 1000, { signal });
  expect(into.equals(content.subarray(1000, 2000))).toBe(true);
  expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, "Basic", "Basic"]);
});

test("a refusal without a challenge is looked up at /v2/", async () => {
  const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" } } });
  server.inject({ on: "blob", status: 401 });
  await client.openBlob(reference(":1"), putBlob(server, content)).read(Buffer.alloc(10), 0, { signal });
  expect(server.log.map((entry) => `${entry.kind} ${entry.path.split("?")[0]}`).slice(1)).toEqual([
    "ping /v2/",
    "token /token",
    expect.stringMatching(/^blob /),
  ]);
});

test.each([
  { what: "is no URL", realm: "token server" },
  { what: "is a file", realm: "file:///etc/passwd" },
  { what: "holds credentials", realm: "http://ann:secret@127.0.0.1/token" },
  { what: "is a metadata address", realm: "http://169.254.169.254/token" },
])("a realm that $what is not asked", async ({ realm }) => {
  const { server, client, reference } = await startFixture({
    server: { auth: { kind: "token", realm } },
    client: always(ann),
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toMatchObject({
    side: "source",
    retryable: false,
  });
  expect(server.log).toHaveLength(1);
});

test("what a registry names that is not trusted is asked under the full guard", async () => {
  const { outbound, asked } = distrustfulOutbound();
  const { server, client, reference } = await startFixture({
    server: { auth: { kind: "token" }, cdn: {} },
    client: { outbound },
  });
  onTestFinished(() => outbound.close());
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(10), 0, { signal });
  await reader.read(Buffer.alloc(10), 10, { signal });
  expect(server.log.map((entry) => entry.kind)).toEqual(["blob", "token", "blob", "cdn", "cdn"]);
  expect(asked).toEqual([undefined, "influenced", undefined, "influenced", "influenced"]);
});

test("credentials for one namespace do not hinder another that is public", async () => {
  const { server, client, reference } = await startFixture({
    client: {
      credentialsFor: ({ repository: name }) => Promise.resolve(name === repository ? ann : undefined),
    },
  });
  server.inject({ on: "blob", status: 401, headers: { "www-authenticate": "Basic" } });
  const blob = putBlob(server, content);
  await client.openBlob(reference(":1"), blob).read(Buffer.alloc(10), 0, { signal });
  server.putBlob(`${repository}/public`, content);
  await client.openBlob(reference("/public:1"), blob).read(Buffer.alloc(10), 0, { signal });
  expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, "Basic", undefined]);
});

test("a password that was changed meanwhile is looked up again", async () => {
  let password = "old";
  const { server, client, reference } = await startFixture({
    server: { auth: { kind: "basic", users } },
    client: { credentialsFor: () => Promise.resolve({ kind: "basic", username: "ann", password }) },
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toBeInstanceOf(UnauthorizedError);
  password = "pass:word";
  await reader.read(Buffer.alloc(10), 0, { signal });
  expect(server.log.map((entry) => entry.status)).toEqual([401, 401, 401, 206]);
});

test("nothing is left on the caller's signal afterwards", async () => {
  const { server, client, reference } = await startFixture({ server: { auth: { kind: "token" }, cdn: {} } });
  putImage(server, { tags: ["1"] });
  const abort = new AbortController();
  for (const status of [503, 404, 403]) {
    server.inject({ on: "manifest", status });
    await client.fetchManifest(reference(":1"), { signal: abort.signal }).catch(() => {});
  }
  await client.resolve(reference(":1"), { platform: undefined, signal: abort.signal });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "cdn", resetAfter: 500 });
  for (const offset of [0, 1000]) await reader.read(Buffer.alloc(1000), offset, { signal: abort.signal });
  await expect.poll(() => getEventListeners(abort.signal, "abort")).toEqual([]);
});
