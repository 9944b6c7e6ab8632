import { SizeMismatchError } from "@layaway/oci";
import { expect, test } from "vitest";

import { BlobUnknownError, SourceUnavailableError } from "../src/index.ts";
import { leaseOf, patternBytes, putBlob, repository, signal, startFixture } from "./fixture.ts";

const mib = 1024 * 1024;
const content = patternBytes(0, 3 * mib);

test("fills windows, however many are asked for at once and in whatever order", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const whole = Buffer.alloc(content.length);
  const offsets = [2 * mib, 0, mib, 2.5 * mib, 0.5 * mib, 1.5 * mib];
  await Promise.all(
    offsets.map((offset) => reader.read(whole.subarray(offset, offset + 0.5 * mib), offset, { signal })),
  );
  expect(whole.equals(content)).toBe(true);
  expect(server.log.filter((entry) => entry.kind === "blob")).toHaveLength(6);
  expect(
    server.log.every((entry) => entry.status === 206 && entry.headers["accept-encoding"] === "identity"),
  ).toBe(true);
});

test("reads beyond 4 GiB", async () => {
  const { server, client, reference } = await startFixture();
  const digest = `sha256:${"5".repeat(64)}` as const;
  const sizeBytes = 6 * 2 ** 30;
  server.putBlob(repository, { digest, sizeBytes, read: patternBytes });
  const reader = client.openBlob(reference(":1"), { mediaType: "x", digest, size: sizeBytes });
  const into = Buffer.alloc(1000);
  await reader.read(into, sizeBytes - 1000, { signal });
  expect(into.equals(patternBytes(sizeBytes - 1000, 1000))).toBe(true);
});

test("asks for a whole blob without Range", async () => {
  const { server, client, reference, reserved } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const whole = Buffer.alloc(content.length);
  await reader.read(whole, 0, { signal });
  expect(whole.equals(content)).toBe(true);
  expect(server.log.map(({ range, status }) => ({ range, status }))).toEqual([
    { range: undefined, status: 200 },
  ]);
  expect(reserved).toEqual([content.length]);
});

test.each([
  { what: "a reset", fault: { resetAfter: 1_200_000 } },
  { what: "a body that is cut short of its length", fault: { truncateAfter: 1_200_000 } },
  {
    what: "a chunked body that ends early",
    fault: { truncateAfter: 1_200_000, framing: "chunked" as const },
  },
  {
    what: "a close-delimited body that ends early",
    fault: { truncateAfter: 1_200_000, framing: "close" as const },
  },
])("goes on at the same byte after $what", async ({ fault }) => {
  const { server, client, reference, reserved } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", ...fault });
  const into = Buffer.alloc(2 * mib);
  let moved = 0;
  await reader.read(into, 1000, { signal, onBytes: (sizeBytes) => (moved += sizeBytes) });
  expect(into.equals(content.subarray(1000, 1000 + 2 * mib))).toBe(true);
  const resumed = Number(/^bytes=(\d+)-/.exec(server.log[1]?.range ?? "")?.[1]);
  expect(server.log[1]?.range).toBe(`bytes=${resumed}-${1000 + 2 * mib - 1}`);
  expect(resumed).toBeGreaterThan(1000);
  expect(moved).toBe(into.length);
  expect(reserved).toEqual([into.length, 1000 + into.length - resumed]);
});

test("goes on after any number of resets that each come after progress", async () => {
  const { server, client, reference, slept } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", truncateAfter: mib, framing: "chunked", times: 2 });
  const into = Buffer.alloc(content.length);
  await reader.read(into, 0, { signal });
  expect(into.equals(content)).toBe(true);
  expect(slept).toEqual([]);
});

test("gives up after two resumes in a row without progress", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", truncateAfter: 10, framing: "chunked", times: Infinity });
  const reading = reader.read(Buffer.alloc(mib), 0, { signal });
  await expect(reading).rejects.toBeInstanceOf(SourceUnavailableError);
  expect(server.log.map((entry) => entry.range)).toEqual([
    `bytes=0-${mib - 1}`,
    `bytes=10-${mib - 1}`,
    `bytes=20-${mib - 1}`,
  ]);
});

test.each([
  { what: "of another place", value: `bytes 5-1048580/${content.length}` },
  { what: "that begins later", value: `bytes 5-1048575/${content.length}` },
  { what: "that ends elsewhere", value: `bytes 0-1000/${content.length}` },
  { what: "in another unit", value: `octets 0-1048575/${content.length}` },
  { what: "that is missing", value: undefined },
])("never takes bytes with a Content-Range $what", async ({ value }) => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", headers: { "content-range": value } });
  const into = Buffer.alloc(mib);
  await reader.read(into, 0, { signal });
  expect(into.equals(content.subarray(0, mib))).toBe(true);
  expect(server.log.map((entry) => entry.status)).toEqual([206, 206]);
});

test("takes a Content-Range that does not tell the size", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", headers: { "content-range": `bytes 0-${mib - 1}/*` } });
  await reader.read(Buffer.alloc(mib), 0, { signal });
  expect(server.log).toHaveLength(1);
});

test("fails for good where the blob has another size than its descriptor", async () => {
  const { server, client, reference } = await startFixture();
  const blob = putBlob(server, content);
  const longer = client.openBlob(reference(":1"), { ...blob, size: blob.size + 1 });
  await expect(longer.read(Buffer.alloc(10), 0, { signal })).rejects.toBeInstanceOf(SizeMismatchError);
  await expect(longer.read(Buffer.alloc(1), blob.size, { signal })).rejects.toBeInstanceOf(SizeMismatchError);
  expect(server.log.map((entry) => entry.status)).toEqual([206, 416]);
  let moved = 0;
  const onBytes = (sizeBytes: number): number => (moved += sizeBytes);
  const whole = client.openBlob(reference(":1"), { ...blob, size: blob.size - 1 });
  await expect(whole.read(Buffer.alloc(blob.size - 1), 0, { signal, onBytes })).rejects.toBeInstanceOf(
    SizeMismatchError,
  );
  expect(moved).toBe(0);
});

test("stops at an endless body and closes the connection", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", framing: "chunked", extraBytes: 2 ** 40 });
  await expect(reader.read(Buffer.alloc(mib), 0, { signal })).rejects.toBeInstanceOf(SizeMismatchError);
  await server.settled();
  expect(server.log).toHaveLength(1);
  expect(server.log[0]?.bytesSent).toBeLessThan(16 * mib);
});

test("reports a blob that is not there at once", async () => {
  const { client, server, reference } = await startFixture();
  const blob = putBlob(server, content);
  const reader = client.openBlob(reference("x:1"), blob);
  await expect(reader.read(Buffer.alloc(10), 0, { signal })).rejects.toBeInstanceOf(BlobUnknownError);
  expect(server.log).toHaveLength(1);
});

test("says of a foreign layer that it may not be distributed, and asks none of its urls", async () => {
  const { client, server, reference } = await startFixture();
  const layer = {
    ...putBlob(server, content),
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    urls: [`http://${server.host}/elsewhere`],
  };
  const kept = client.openBlob(reference(":1"), layer);
  await kept.read(Buffer.alloc(10), 0, { signal });
  const reading = client.openBlob(reference("x:1"), layer).read(Buffer.alloc(10), 0, { signal });
  await expect(reading).rejects.toMatchObject({ code: "blob_unknown", retryable: false });
  await expect(reading).rejects.toThrow(/foreign layer .* may not be distributed/);
  expect(server.log.map((entry) => entry.kind)).toEqual(["blob", "blob"]);
});

test("aborting ends the request, and a closed reader reads no more", async () => {
  const { server, client, reference } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", stallAfter: 1000, times: Infinity });
  const abort = new AbortController();
  const reading = reader.read(Buffer.alloc(mib), 0, {
    signal: abort.signal,
    onBytes: () => abort.abort(),
  });
  await expect(reading).rejects.toMatchObject({ code: "cancelled" });
  await server.settled();
  const second = reader.read(Buffer.alloc(mib), mib, { signal, onBytes: () => reader.close() });
  await expect(second).rejects.toMatchObject({ code: "cancelled" });
  await server.settled();
  await expect(reader.read(Buffer.alloc(1), 0, { signal })).rejects.toMatchObject({ code: "cancelled" });
  expect(server.log).toHaveLength(2);
});

test("waits out 5xx with jittered, growing waits, and gives up after five attempts", async () => {
  const { server, client, reference, slept } = await startFixture();
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", status: 503, times: 3 });
  const into = Buffer.alloc(mib);
  await reader.read(into, 0, { signal });
  expect(into.equals(content.subarray(0, mib))).toBe(true);
  expect(slept).toEqual([250, 500, 1000]);
  server.inject({ on: "blob", status: 500, times: Infinity });
  await expect(reader.read(into, 0, { signal })).rejects.toBeInstanceOf(SourceUnavailableError);
  expect(server.log).toHaveLength(4 + 5);
});

test.each([
  { what: "stalls before its headers", fault: { stallAfter: "headers" as const } },
  { what: "stalls in its body", fault: { stallAfter: 1000 } },
  { what: "drips", fault: { drip: { bytes: 1, everyMs: 5 } } },
])("leaves a server that $what and asks again", async ({ fault }) => {
  const impatient = {
    headersTimeoutMs: 150,
    idleTimeoutMs: 150,
    throughputWindowMs: 100,
    minBytesPerSecond: 10_000,
  };
  const { server, client, reference } = await startFixture({ outbound: impatient });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", ...fault });
  const into = Buffer.alloc(mib);
  await reader.read(into, 0, { signal });
  expect(into.equals(content.subarray(0, mib))).toBe(true);
  await server.settled();
  expect(server.log).toHaveLength(2);
});

test("a server that only stalls is too slow in the end", async () => {
  const { server, client, reference } = await startFixture({ outbound: { idleTimeoutMs: 100 } });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  server.inject({ on: "blob", stallAfter: 1, times: Infinity });
  await expect(reader.read(Buffer.alloc(mib), 0, { signal })).rejects.toMatchObject({
    code: "source_too_slow",
  });
});

test("asks for no bytes before they are reserved", async () => {
  const events: string[] = [];
  const { server, client, reference } = await startFixture({
    client: {
      reserve: () => (sizeBytes) => {
        events.push(`reserve ${sizeBytes} after ${server.log.length} requests`);
        return Promise.resolve(leaseOf(sizeBytes));
      },
    },
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(1000), 0, { signal });
  await reader.read(Buffer.alloc(2000), 1000, { signal });
  expect(events).toEqual(["reserve 1000 after 0 requests", "reserve 2000 after 1 requests"]);
});
