import { describe, expect, test } from "vitest";

import type { Credentials } from "../src/index.ts";
import { takesCredentials } from "../src/realm-hosts.ts";
import { type Fixture, patternBytes, putBlob, repository, signal, startFixture } from "./fixture.ts";

const users = { ann: "secret-of-ann" };
const ann: Credentials = { kind: "basic", username: "ann", password: users.ann };
const identity: Credentials = { kind: "identityToken", token: "secret-of-ann" };

describe("a token server may see credentials", () => {
  const cases: [registry: string, realm: string, pinned: readonly string[] | undefined, is: boolean][] = [
    ["registry.example.com", "registry.example.com", undefined, true],
    ["registry.example.com", "registry.example.com:8443", undefined, true],
    ["registry.gitlab.com", "gitlab.com", undefined, true],
    ["example.com", "auth.example.com", undefined, true],
    ["registry.example.com", "auth.eu.example.com", undefined, true],
    ["registry.example.com", "auth.example.org", undefined, false],
    ["registry.example.com", "evilexample.com", undefined, false],
    ["registry.example.com", "example.com.evil.net", undefined, false],
    ["registry.example.com", "com", undefined, false],
    ["registry.example.co.uk", "auth.example.co.uk", undefined, true],
    ["registry.example.co.uk", "auth.evil.co.uk", undefined, false],
    ["registry:5000", "registry:5001", undefined, true],
    ["registry:5000", "auth.registry:5001", undefined, true],
    ["registry:5000", "auth:5001", undefined, false],
    ["10.1.2.3", "10.1.2.3:5001", undefined, true],
    ["10.1.2.3", "10.9.2.3", undefined, false],
    ["[2001:db8::1]", "[2001:db8::2]", undefined, false],
    ["docker.io", "auth.docker.io", undefined, true],
    ["docker.io", "evil.docker.io", undefined, false],
    ["docker.io", "auth.docker.io", [], false],
    ["registry.example.com", "auth.example.org", ["auth.example.org"], true],
    ["registry.example.com", "auth.example.org", ["auth.example.org:443"], true],
    ["registry.example.com", "auth.example.org", ["example.org", "uth.example.org"], false],
    ["registry.example.com", "auth.example.org:8443", ["auth.example.org"], false],
    ["registry.example.com", "auth.example.org:8443", ["auth.example.org:8443"], true],
    ["registry.example.com", "auth.example.com", [], false],
    ["registry.example.com", "registry.example.com", [], true],
  ];
  test.each(cases)("%s sends us to %s with %j pinned: %s", (name, realm, pinned, expected) => {
    const url = new URL(`https://${name === "docker.io" ? "registry-1.docker.io" : name}/v2/`);
    expect(takesCredentials(new URL(`https://${realm}/token`), { name, url, pinned })).toBe(expected);
  });
});

/** A registry at 127.0.0.1 whose challenge names `/token` of auth.example.com, which is the same machine. */
async function startForeign(options: {
  readonly tokensForAll?: boolean;
  readonly realmHosts?: (port: string) => readonly string[];
  readonly credentials?: Credentials;
}): Promise<Fixture & { readonly read: () => Promise<void> }> {
  const { realmHosts, credentials = ann } = options;
  const fixture = await startFixture({
    server: {
      auth: {
        kind: "token",
        realmHost: "auth.example.com",
        ...(options.tokensForAll === true ? {} : { users, identityTokens: [users.ann] }),
      },
    },
    client: {
      credentialsFor: () => Promise.resolve(credentials),
      realmHostsFor: (registry) => realmHosts?.(registry.split(":")[1] ?? ""),
    },
  });
  const { server, client, reference } = fixture;
  const reader = client.openBlob(reference(":1"), putBlob(server, patternBytes(0, 1000)));
  return { ...fixture, read: () => reader.read(Buffer.alloc(10), 0, { signal }) };
}

describe("a foreign token server that nobody pinned", () => {
  test.each([ann, identity])(
    "is asked without credentials, whose absence it may not mind ($kind)",
    async (credentials) => {
      const { server, read } = await startForeign({ tokensForAll: true, credentials });
      await read();
      expect(server.log.map((entry) => `${entry.method} ${entry.kind} ${entry.authorization}`)).toEqual([
        "GET blob undefined",
        "GET token undefined",
        "GET blob Bearer",
      ]);
      const { path, headers } = server.log[1] ?? {};
      expect(headers?.["host"]).toMatch(/^auth\.example\.com:/);
      expect(path).not.toMatch(/ann/);
    },
  );

  test("is named where it refuses to go on without them", async () => {
    const { server, read } = await startForeign({});
    const error: unknown = await read().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "unauthorized", retryable: false });
    expect(String(error)).toMatch(
      /not sent to auth\.example\.com:\d+, because it is not in realmHosts of 127/,
    );
    expect(String(error)).not.toContain(users.ann);
    expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, undefined]);
  });

  test.each([
    { status: 401, code: "unauthorized" },
    { status: 403, code: "denied" },
  ])("is named where the registry refuses its token with $status", async ({ status, code }) => {
    const { server, read } = await startForeign({ tokensForAll: true });
    const challenge = `Bearer realm="http://auth.example.com:${server.host.split(":")[1]}/token"`;
    server.inject({ on: "blob", after: 1, status, headers: { "www-authenticate": challenge } });
    const reading = read();
    await expect(reading).rejects.toMatchObject({ code, retryable: false });
    await expect(reading).rejects.toThrow(/127.*team\/app.*not sent to auth\.example\.com/);
    expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, undefined, "Bearer"]);
  });
});

test("a foreign token server that is pinned gets the credentials", async () => {
  const { server, read } = await startForeign({ realmHosts: (port) => [`auth.example.com:${port}`] });
  await read();
  expect(server.log.map((entry) => entry.authorization)).toEqual([undefined, "Basic", "Bearer"]);
});

test("a token server below the registry's own name gets the credentials, until a list leaves it out", async () => {
  for (const [realmHosts, expected] of [
    [undefined, "Basic"],
    [[], undefined],
  ] as const) {
    const { server, client, reference } = await startFixture({
      server: { auth: { kind: "token", realmHost: "auth.example.com" } },
      client: { credentialsFor: () => Promise.resolve(ann), realmHostsFor: () => realmHosts },
    });
    const named = { ...reference(":1"), registry: server.host.replace("127.0.0.1", "registry.example.com") };
    server.putBlob(repository, patternBytes(0, 1000));
    await client
      .openBlob(named, putBlob(server, patternBytes(0, 1000)))
      .read(Buffer.alloc(10), 0, { signal });
    expect(server.log[1]).toMatchObject({ kind: "token", authorization: expected });
  }
});
