import { expect, test } from "vitest";

import { SourceUnavailableError } from "../src/index.ts";
import { leaseOf, patternBytes, putBlob, signal, startFixture } from "./fixture.ts";

const mib = 1024 * 1024;
const content = patternBytes(0, 2 * mib);
const windows = [0, 0.5, 1, 1.5].map((place) => place * mib);

const secret = "password-of-ann";
const protectedByToken = { kind: "token", users: { ann: secret } } as const;
const credentialsFor = (): Promise<{ kind: "basic"; username: string; password: string }> =>
  Promise.resolve({ kind: "basic", username: "ann", password: secret });

test("asks the registry once, and the place it names for all further windows", async () => {
  const { server, client, reference } = await startFixture({ server: { cdn: {} } });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const whole = Buffer.alloc(content.length);
  await Promise.all(
    windows.map((offset) => reader.read(whole.subarray(offset, offset + mib / 2), offset, { signal })),
  );
  expect(whole.equals(content)).toBe(true);
  expect(server.log.filter((entry) => entry.kind === "blob")).toHaveLength(1);
  expect(server.log.filter((entry) => entry.kind === "cdn")).toHaveLength(4);
});

test("credentials never reach the place that the registry names", async () => {
  const { server, client, reference } = await startFixture({
    server: { cdn: {}, auth: protectedByToken },
    client: { credentialsFor },
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  for (const offset of windows) await reader.read(Buffer.alloc(mib / 2), offset, { signal });
  const elsewhere = server.log.filter((entry) => entry.kind === "cdn");
  expect(elsewhere.map((entry) => entry.authorization)).toEqual([undefined, undefined, undefined, undefined]);
  expect(server.log.some((entry) => entry.authorization === "Bearer")).toBe(true);
});

test.each([403, 400, 401, 404])("asks the registry again when the place answers %d", async (refusal) => {
  const { server, client, reference } = await startFixture({ server: { cdn: { refusal } } });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const into = Buffer.alloc(mib / 2);
  await reader.read(into, 0, { signal });
  server.expireLinks();
  await reader.read(into, mib, { signal });
  expect(into.equals(content.subarray(mib, 1.5 * mib))).toBe(true);
  expect(server.log.map((entry) => `${entry.kind} ${entry.status}`)).toEqual([
    "blob 307",
    "cdn 206",
    `cdn ${refusal}`,
    "blob 307",
    "cdn 206",
  ]);
});

test("a link that runs out in the middle of a window is renewed at the same byte", async () => {
  const { server, client, reference } = await startFixture({ server: { cdn: { requestsPerLink: 1 } } });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "cdn", framing: "chunked", truncateAfter: mib });
  const into = Buffer.alloc(content.length);
  await reader.read(into, 0, { signal });
  expect(into.equals(content)).toBe(true);
  expect(server.log.map((entry) => `${entry.kind} ${entry.status} ${entry.range}`)).toEqual([
    "blob 307 undefined",
    "cdn 200 undefined",
    `cdn 403 bytes=${mib}-${2 * mib - 1}`,
    `blob 307 bytes=${mib}-${2 * mib - 1}`,
    `cdn 206 bytes=${mib}-${2 * mib - 1}`,
  ]);
});

test("a place that refuses fresh links too is given up after some attempts, without its link in the message", async () => {
  const { server, client, reference } = await startFixture({ server: { cdn: { requestsPerLink: 0 } } });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const error: unknown = await reader
    .read(Buffer.alloc(10), 0, { signal })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(SourceUnavailableError);
  expect(String(error)).not.toMatch(/signature=\d/);
  expect(server.log.filter((entry) => entry.kind === "cdn")).toHaveLength(5);
});

test("a place that fails is not insisted on", async () => {
  const { server, client, reference } = await startFixture({ server: { cdn: {} } });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(10), 0, { signal });
  server.inject({ on: "cdn", status: 500 });
  await reader.read(Buffer.alloc(10), 10, { signal });
  expect(server.log.map((entry) => entry.kind)).toEqual(["blob", "cdn", "cdn", "blob", "cdn"]);
});

test("a place that ignores Range once is passed by; what is thrown away of its body is paid for", async () => {
  const moved: number[] = [];
  const { server, client, reference } = await startFixture({
    server: { cdn: {} },
    client: {
      reserve: () => (upToBytes) => Promise.resolve(leaseOf(upToBytes, (bytes) => moved.push(bytes))),
    },
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(10), 0, { signal });
  server.inject({ on: "cdn", ignoreRange: true });
  moved.length = 0;
  const into = Buffer.alloc(10);
  await reader.read(into, 1000, { signal });
  expect(into.equals(content.subarray(1000, 1010))).toBe(true);
  expect(server.log.map((entry) => `${entry.kind} ${entry.status}`)).toEqual([
    "blob 307",
    "cdn 206",
    "cdn 200",
    "blob 307",
    "cdn 206",
  ]);
  expect(moved).toEqual([64 * 1024, 10]);
});

test("a redirect to an address that the guard refuses is not followed", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({
    on: "blob",
    status: 307,
    headers: { location: "http://169.254.169.254/latest/meta-data" },
  });
  const reading = reader.read(Buffer.alloc(10), 0, { signal });
  await expect(reading).rejects.toMatchObject({ code: "address_denied" });
  expect(server.log).toHaveLength(1);
});
