import { describe, expect, test } from "vitest";

import type { Credentials } from "../src/index.ts";
import { distrustfulOutbound, type Fixture, patternBytes, putBlob, signal, startFixture } from "./fixture.ts";

const users = { ann: "secret-of-ann" };
const ann: Credentials = { kind: "basic", username: "ann", password: users.ann };
const content = patternBytes(0, 10_000);

function requests({ server }: Fixture): readonly string[] {
  return server.log.map(({ kind, authorization, status, headers }) => {
    const at = headers["host"] === server.cdnHost ? "there" : "here";
    return `${kind} ${at} ${authorization} ${status}`;
  });
}

/** Reads some bytes from each offset, one after the other, and checks them. */
async function readAt({ server, client, reference }: Fixture, offsets: readonly number[]): Promise<void> {
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  for (const offset of offsets) {
    const into = Buffer.alloc(100);
    await reader.read(into, offset, { signal });
    expect(into.equals(content.subarray(offset, offset + 100))).toBe(true);
  }
}

describe("a place that wants a token of its own", () => {
  test("gets an anonymous one, and serves the further windows with it", async () => {
    const fixture = await startFixture({
      server: { auth: { kind: "token", users }, cdn: { auth: { kind: "token" } } },
      client: { credentialsFor: () => Promise.resolve(ann) },
    });
    await readAt(fixture, [0, 1000, 2000]);
    expect(requests(fixture)).toEqual([
      "blob here undefined 401",
      "token here Basic 200",
      "blob here Bearer 307",
      "cdn there undefined 401",
      "token there undefined 200",
      "cdn there Bearer 206",
      "cdn there Bearer 206",
      "cdn there Bearer 206",
    ]);
    expect(fixture.server.log.some((entry) => entry.kind === "token" && entry.path.includes("ann"))).toBe(
      true,
    );
    expect(fixture.server.log[4]?.path).not.toContain("ann");
  });

  test("gets another one when that runs out, by way of the registry", async () => {
    const fixture = await startFixture({ server: { cdn: { auth: { kind: "token", requestsPerToken: 2 } } } });
    await readAt(fixture, [0, 1000, 2000]);
    expect(requests(fixture).slice(4)).toEqual([
      "cdn there Bearer 206",
      "cdn there Bearer 401",
      "blob here undefined 307",
      "cdn there undefined 401",
      "token there undefined 200",
      "cdn there Bearer 206",
    ]);
  });

  test("never sees credentials, even where nothing else would do", async () => {
    const fixture = await startFixture({
      server: { auth: { kind: "token", users }, cdn: { auth: { kind: "token", users } } },
      client: { credentialsFor: () => Promise.resolve(ann) },
    });
    await expect(readAt(fixture, [0])).rejects.toMatchObject({ code: "source_unavailable", retryable: true });
    const there = requests(fixture).filter((line) => line.includes("there"));
    expect(there).toEqual([
      "cdn there undefined 401",
      "token there undefined 401",
      ...Array.from({ length: 4 }, () => "cdn there undefined 401"),
    ]);
    expect(requests(fixture).filter((line) => line.startsWith("blob here Bearer"))).toHaveLength(5);
  });

  test("is passed by where the registry names another one next time", async () => {
    const fixture = await startFixture({ server: { cdn: {} } });
    const { server } = fixture;
    const challenge = `Bearer realm="http://${server.host}/token"`;
    server.inject({ on: "cdn", status: 401, headers: { "www-authenticate": challenge } });
    server.inject({ on: "token", status: 403 });
    await readAt(fixture, [0]);
    expect(requests(fixture)).toEqual([
      "blob here undefined 307",
      "cdn there undefined 401",
      "token here undefined 403",
      "blob here undefined 307",
      "cdn there undefined 206",
    ]);
  });

  test.each([
    { what: "Basic", challenge: "Basic realm=x" },
    { what: "a realm that is no URL", challenge: 'Bearer realm="token server"' },
    { what: "a metadata address", challenge: 'Bearer realm="http://169.254.169.254/token"' },
  ])("and asks for it with $what is not shown any", async ({ challenge }) => {
    const fixture = await startFixture({ server: { cdn: {} } });
    fixture.server.inject({ on: "cdn", status: 401, headers: { "www-authenticate": challenge } });
    await readAt(fixture, [0]);
    expect(requests(fixture)).toEqual([
      "blob here undefined 307",
      "cdn there undefined 401",
      "blob here undefined 307",
      "cdn there undefined 206",
    ]);
  });

  test("is asked under the full guard, and so is its token server", async () => {
    const { outbound, asked } = distrustfulOutbound();
    const fixture = await startFixture({
      server: { cdn: { auth: { kind: "token" } } },
      client: { outbound },
    });
    await readAt(fixture, [0, 1000]);
    await outbound.close();
    expect(asked).toEqual([undefined, ...Array.from({ length: 4 }, () => "influenced")]);
  });
});
