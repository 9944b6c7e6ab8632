import { SizeMismatchError } from "@layaway/oci";
import { expect, test } from "vitest";

import { RangeIgnoredError } from "../src/index.ts";
import { type Fixture, patternBytes, putBlob, repository, signal, startFixture } from "./fixture.ts";

const mib = 1024 * 1024;
const content = patternBytes(0, 3 * mib);
const forgetful = { on: "blob", ignoreRange: true, times: Infinity } as const;

/** Windows of half a MiB, asked for in the given order and all at once. */
async function readAll(
  fixture: Fixture,
  offsets: readonly number[],
  onBytes?: (sizeBytes: number) => void,
): Promise<Buffer> {
  const reader = fixture.client.openBlob(fixture.reference(":1"), putBlob(fixture.server, content));
  const whole = Buffer.alloc(content.length);
  await Promise.all(
    offsets.map((offset) =>
      reader.read(whole.subarray(offset, offset + mib / 2), offset, { signal, onBytes }),
    ),
  );
  return whole;
}

const inOrder = [0, 0.5, 1, 1.5, 2, 2.5].map((place) => place * mib);

test.each([
  { what: "in order", offsets: inOrder },
  { what: "from the last to the first", offsets: inOrder.toReversed() },
])("serves windows asked for $what from the one body where Range is ignored", async ({ offsets }) => {
  const fixture = await startFixture();
  fixture.server.inject(forgetful);
  let moved = 0;
  const whole = await readAll(fixture, offsets, (sizeBytes) => (moved += sizeBytes));
  expect(whole.equals(content)).toBe(true);
  expect(fixture.server.log.map((entry) => entry.status)).toEqual([200]);
  expect(moved).toBe(content.length);
});

test("pays for the one body bit by bit, as its windows are read", async () => {
  const fixture = await startFixture();
  fixture.server.inject(forgetful);
  await readAll(fixture, inOrder);
  const [first, ...others] = fixture.reserved;
  expect(first).toBe(mib / 2);
  expect(others.every((sizeBytes) => sizeBytes <= 256 * 1024)).toBe(true);
  const paid = fixture.reserved.reduce((sum, sizeBytes) => sum + sizeBytes, 0);
  expect(paid).toBe(content.length);
});

test("goes on with a window that comes later, from the same body", async () => {
  const { server, client, reference } = await startFixture();
  server.inject(forgetful);
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  for (const offset of [0, 1000, 70_000, 2 * mib]) {
    const into = Buffer.alloc(1000);
    await reader.read(into, offset, { signal });
    expect(into.equals(content.subarray(offset, offset + 1000))).toBe(true);
  }
  expect(server.log).toHaveLength(1);
  reader.close();
  await server.settled();
});

test("after a break reads from the start again and throws away what it had", async () => {
  const fixture = await startFixture();
  fixture.server.inject({ ...forgetful, framing: "chunked", truncateAfter: 2 * mib, times: 1 });
  fixture.server.inject(forgetful);
  let moved = 0;
  const whole = await readAll(fixture, inOrder, (sizeBytes) => (moved += sizeBytes));
  expect(whole.equals(content)).toBe(true);
  expect(fixture.server.log.map((entry) => entry.range?.split("-")[0])).toEqual([
    "bytes=0",
    `bytes=${2 * mib}`,
  ]);
  expect(moved).toBe(content.length + 2 * mib);
});

test("after a break goes on at the same byte where Range is honoured by then", async () => {
  const fixture = await startFixture();
  fixture.server.inject({ ...forgetful, framing: "chunked", truncateAfter: 2 * mib, times: 1 });
  let moved = 0;
  const whole = await readAll(fixture, inOrder, (sizeBytes) => (moved += sizeBytes));
  expect(whole.equals(content)).toBe(true);
  expect(moved).toBe(content.length);
});

test("starts over twice and no more", async () => {
  const fixture = await startFixture();
  for (const truncateAfter of [mib, 2 * mib, 2.5 * mib]) {
    fixture.server.inject({ ...forgetful, framing: "chunked", truncateAfter, times: 1 });
  }
  fixture.server.inject(forgetful);
  await expect(readAll(fixture, inOrder)).rejects.toBeInstanceOf(RangeIgnoredError);
  expect(fixture.server.log).toHaveLength(4);
});

test("throws away no more than 64 MiB to get to a window", async () => {
  const { server, client, reference } = await startFixture();
  server.inject(forgetful);
  const blob = { digest: `sha256:${"1".repeat(64)}`, sizeBytes: 100 * mib } as const;
  server.putBlob(repository, { ...blob, read: (_, length) => Buffer.alloc(length) });
  const reader = client.openBlob(reference(":1"), {
    mediaType: "x",
    digest: blob.digest,
    size: blob.sizeBytes,
  });
  let moved = 0;
  const reading = reader.read(Buffer.alloc(10), 65 * mib, {
    signal,
    onBytes: (sizeBytes) => (moved += sizeBytes),
  });
  await expect(reading).rejects.toBeInstanceOf(RangeIgnoredError);
  expect(moved).toBe(0);
  await server.settled();
});

test("finds an overlong body", async () => {
  const fixture = await startFixture();
  fixture.server.inject({ ...forgetful, framing: "chunked", extraBytes: 2 ** 40 });
  await expect(readAll(fixture, inOrder)).rejects.toBeInstanceOf(SizeMismatchError);
  await fixture.server.settled();
});

test("an aborted window ends the body, and the others start over", async () => {
  const { server, client, reference } = await startFixture();
  server.inject({ ...forgetful, stallAfter: mib, times: 1 });
  server.inject(forgetful);
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const abort = new AbortController();
  const into = Buffer.alloc(mib);
  await reader.read(into.subarray(0, 1000), 0, { signal });
  const stalled = reader.read(Buffer.alloc(2 * mib), 1000, { signal: abort.signal });
  const waiting = reader.read(into, 2 * mib, { signal });
  setImmediate(() => abort.abort());
  await expect(stalled).rejects.toMatchObject({ code: "cancelled" });
  await waiting;
  expect(into.equals(content.subarray(2 * mib))).toBe(true);
  await server.settled();
});

test("a window that is aborted while it waits leaves the body alone", async () => {
  const { server, client, reference } = await startFixture();
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  server.inject({ ...forgetful, until: held });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const abort = new AbortController();
  const into = Buffer.alloc(1000);
  const first = reader.read(into, 0, { signal });
  const aborted = reader.read(Buffer.alloc(1000), 1000, { signal: abort.signal });
  abort.abort();
  await expect(aborted).rejects.toMatchObject({ code: "cancelled" });
  release();
  await first;
  expect(into.equals(content.subarray(0, 1000))).toBe(true);
  expect(server.log).toHaveLength(1);
});

test("a server that ignores Range only once is asked again", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(1000), 0, { signal });
  server.inject({ ...forgetful, times: 1 });
  const into = Buffer.alloc(1000);
  await reader.read(into, 5000, { signal });
  expect(into.equals(content.subarray(5000, 6000))).toBe(true);
  expect(server.log.map((entry) => entry.status)).toEqual([206, 200, 206]);
});

test("a server that stops honouring Range is read in sequence from then on", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(1000), 0, { signal });
  server.inject(forgetful);
  for (const offset of [5000, 6000]) {
    const into = Buffer.alloc(1000);
    await reader.read(into, offset, { signal });
    expect(into.equals(content.subarray(offset, offset + 1000))).toBe(true);
  }
  expect(server.log.map((entry) => entry.status)).toEqual([206, 200, 200]);
});
