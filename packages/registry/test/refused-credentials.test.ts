import { describe, expect, test } from "vitest";

import type { Credentials } from "../src/index.ts";
import { type Fixture, patternBytes, putBlob, repository, signal, startFixture } from "./fixture.ts";

const runOut: Credentials = { kind: "basic", username: "ann", password: "run-out" };
const content = patternBytes(0, 1000);

interface Refusing extends Fixture {
  readonly read: () => Promise<void>;
  /** Has the token server refuse whoever shows credentials. */
  readonly refuse: (status: number) => void;
}

/** A token server as GHCR's: anonymous tokens for everybody, 401 or 403 to credentials it does not like. */
async function startRefusing(options: Parameters<typeof startFixture>[0] = {}): Promise<Refusing> {
  const fixture = await startFixture({
    server: { auth: { kind: "token" }, ...options.server },
    client: { credentialsFor: () => Promise.resolve(runOut), ...options.client },
  });
  const { server, client, reference } = fixture;
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  return {
    ...fixture,
    read: () => reader.read(Buffer.alloc(10), 0, { signal }),
    refuse: (status) => server.inject({ on: "token", path: /account=ann/, status, times: Infinity }),
  };
}

function requests({ server }: Fixture): readonly string[] {
  return server.log.map(({ kind, authorization, status }) => `${kind} ${authorization} ${status}`);
}

describe("credentials that the token server refuses", () => {
  test.each([401, 403])("do not hinder what is public (%d), and are warned of", async (status) => {
    const fixture = await startRefusing();
    fixture.refuse(status);
    await fixture.read();
    expect(requests(fixture)).toEqual([
      "blob undefined 401",
      `token Basic ${status}`,
      "token undefined 200",
      "blob Bearer 206",
    ]);
    expect(fixture.warnings).toEqual([
      `the credentials for ${repository} are refused; reading it without them`,
    ]);
  });

  test("are not shown again when the anonymous token runs out", async () => {
    let now = 0;
    const fixture = await startRefusing({ client: { now: () => now } });
    fixture.refuse(403);
    await fixture.read();
    now = 60_000;
    await fixture.read();
    expect(requests(fixture).slice(4)).toEqual(["token undefined 200", "blob Bearer 206"]);
    expect(fixture.warnings).toHaveLength(1);
  });

  test("are replaced as soon as there are others", async () => {
    let now = 0;
    let credentials = runOut;
    const fixture = await startRefusing({
      client: { now: () => now, credentialsFor: () => Promise.resolve(credentials) },
    });
    fixture.refuse(403);
    await fixture.read();
    credentials = { kind: "basic", username: "bob", password: "new" };
    now = 60_000;
    await fixture.read();
    expect(requests(fixture).slice(4)).toEqual(["token Basic 200", "blob Bearer 206"]);
  });

  test("get another chance where the anonymous token does not do any more", async () => {
    const fixture = await startRefusing();
    fixture.server.inject({ on: "token", path: /account=ann/, status: 403 });
    await fixture.read();
    fixture.server.revokeTokens();
    await fixture.read();
    expect(requests(fixture).slice(4)).toEqual(["blob Bearer 401", "token Basic 200", "blob Bearer 206"]);
  });

  test("are the reason given where the registry refuses the anonymous token too", async () => {
    const fixture = await startRefusing();
    fixture.refuse(403);
    fixture.server.inject({ on: "blob", after: 1, status: 401, headers: { "www-authenticate": "Bearer" } });
    const reading = fixture.read();
    await expect(reading).rejects.toMatchObject({ code: "denied", retryable: false });
    await expect(reading).rejects.toThrow("the credentials are refused");
    expect(requests(fixture)).toHaveLength(4);
  });

  test.each([401, 429, 500])(
    "are the reason given where the anonymous try is answered with %d",
    async (status) => {
      const fixture = await startRefusing();
      fixture.refuse(403);
      fixture.server.inject({ on: "token", status, times: Infinity });
      const reading = fixture.read();
      await expect(reading).rejects.toMatchObject({ code: "denied", retryable: false });
      await expect(reading).rejects.toThrow("the credentials are refused");
    },
  );
});

test("a token server that is merely out of order is not asked anonymously", async () => {
  const fixture = await startRefusing();
  fixture.refuse(503);
  await expect(fixture.read()).rejects.toMatchObject({ code: "source_unavailable", retryable: true });
  expect(fixture.server.log.slice(1).every((entry) => entry.authorization === "Basic")).toBe(true);
  expect(fixture.warnings).toEqual([]);
});

test("a registry that allows no HEAD is read by GET, after credentials that were refused too", async () => {
  const fixture = await startRefusing();
  const { server, client, reference } = fixture;
  fixture.refuse(401);
  server.putManifest(repository, { mediaType: "application/json", bytes: Buffer.from("{}") }, ["1"]);
  server.inject({ on: "manifest", method: "HEAD", after: 1, status: 403 });
  await expect(client.fetchManifest(reference(":1"), { signal })).resolves.toBeDefined();
});
