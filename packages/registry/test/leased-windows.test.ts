import { setTimeout as delay } from "node:timers/promises";

import { expect, test } from "vitest";

import type { WindowTiming } from "../src/index.ts";
import { leaseOf, patternBytes, putBlob, signal, startFixture } from "./fixture.ts";

const mib = 1024 * 1024;
const content = patternBytes(0, 3 * mib);

test("a window is read lease by lease, each in a request of its own", async () => {
  const moved: number[] = [];
  const { server, client, reference } = await startFixture({
    client: {
      reserve: () => (upToBytes) =>
        Promise.resolve(leaseOf(Math.min(upToBytes, mib), (bytes) => moved.push(bytes))),
    },
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const into = Buffer.alloc(2.5 * mib);
  await reader.read(into, 1000, { signal });
  expect(into.equals(content.subarray(1000, 1000 + into.length))).toBe(true);
  expect(moved).toEqual([mib, mib, 0.5 * mib]);
  expect(server.log.map(({ range }) => range)).toEqual([
    `bytes=1000-${1000 + mib - 1}`,
    `bytes=${1000 + mib}-${1000 + 2 * mib - 1}`,
    `bytes=${1000 + 2 * mib}-${1000 + 2.5 * mib - 1}`,
  ]);
});

test("a lease that is revoked in the middle of a window ends its request; what came is kept, the rest is leased again", async () => {
  const revocation = new AbortController();
  const moved: number[] = [];
  const asked: number[] = [];
  const { server, client, reference, slept } = await startFixture({
    client: {
      reserve: () => (upToBytes) => {
        asked.push(upToBytes);
        const lease = leaseOf(upToBytes, (bytes) => moved.push(bytes));
        return Promise.resolve(asked.length === 1 ? { ...lease, revoked: revocation.signal } : lease);
      },
    },
  });
  server.inject({ on: "blob", stallAfter: mib, times: 1 });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const into = Buffer.alloc(content.length - 1);
  let arrived = 0;
  const reading = reader.read(into, 0, {
    signal,
    onBytes(sizeBytes) {
      arrived += sizeBytes;
      if (arrived === mib) revocation.abort();
    },
  });
  await reading;
  expect(into.equals(content.subarray(0, into.length))).toBe(true);
  expect(moved).toEqual([mib, into.length - mib]);
  expect(asked).toEqual([into.length, into.length - mib]);
  expect(arrived).toBe(into.length);
  // The source did nothing wrong: no back-off, and no attempt is used up.
  expect(slept).toEqual([]);
});

test("a lease that is revoked before the answer comes is not a failure either", async () => {
  const revocation = new AbortController();
  let leases = 0;
  const { server, client, reference } = await startFixture({
    client: {
      reserve: () => (upToBytes) => {
        leases += 1;
        const lease = leaseOf(upToBytes);
        return Promise.resolve(leases === 1 ? { ...lease, revoked: revocation.signal } : lease);
      },
    },
  });
  server.inject({ on: "blob", stallAfter: "headers", times: 1 });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const into = Buffer.alloc(1000);
  const reading = reader.read(into, 0, { signal });
  await delay(100);
  revocation.abort();
  await reading;
  expect(into.equals(content.subarray(0, 1000))).toBe(true);
  expect(leases).toBe(2);
});

test("tells how each request for a window went", async () => {
  const timings: WindowTiming[] = [];
  const { server, client, reference } = await startFixture({
    client: { onWindow: (_registry, timing) => timings.push(timing) },
  });
  server.inject({ on: "blob", resetAfter: 1000, times: 1 });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(mib), 0, { signal });
  expect(timings.map(({ by, failed, bytes }) => [by, failed, bytes])).toEqual([
    ["registry", true, 1000],
    ["registry", false, mib - 1000],
  ]);
  expect(timings.every(({ firstByteMs = 0 }) => firstByteMs > 0 && firstByteMs < 5000)).toBe(true);
});

test("tells the registry from the place it sends to, and whether the source failed at an attempt", async () => {
  const timings: WindowTiming[] = [];
  const { server, client, reference } = await startFixture({
    server: { cdn: { refusal: 404 } },
    client: { onWindow: (_registry, timing) => timings.push(timing) },
  });
  server.inject({ on: "blob", status: 503, times: 2 });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  const into = Buffer.alloc(1000);
  await reader.read(into, 0, { signal });
  // That a link ran out is no failure; that the place is overloaded is one.
  server.expireLinks();
  await reader.read(into, 0, { signal });
  server.inject({ on: "cdn", status: 429, times: 1 });
  await reader.read(into, 0, { signal });
  expect(timings.map(({ by, failed, bytes }) => [by, failed, bytes])).toEqual([
    ["registry", true, 0],
    ["registry", true, 0],
    ["place", false, 1000],
    ["place", false, 1000],
    ["place", true, 0],
    ["place", false, 1000],
  ]);
});

test("a blob that is not there, and a read that we end, tell nothing of how the source bears it", async () => {
  const timings: WindowTiming[] = [];
  const { server, client, reference } = await startFixture({
    client: { onWindow: (_registry, timing) => timings.push(timing) },
  });
  const blob = putBlob(server, content);
  server.inject({ on: "blob", status: 404, times: 1 });
  const reader = client.openBlob(reference(":1"), blob);
  await expect(reader.read(Buffer.alloc(1000), 0, { signal })).rejects.toMatchObject({
    code: "blob_unknown",
  });
  server.inject({ on: "blob", stallAfter: 1000, times: 1 });
  const stop = new AbortController();
  const onBytes = (): void => stop.abort();
  await expect(reader.read(Buffer.alloc(mib), 0, { signal: stop.signal, onBytes })).rejects.toMatchObject({
    code: "cancelled",
  });
  expect(timings).toEqual([]);
});

test("waiting for one of our own connections is no slowness of the source", async () => {
  const timings: WindowTiming[] = [];
  const { server, client, reference } = await startFixture({
    client: { onWindow: (_registry, timing) => timings.push(timing) },
    outbound: { connectionsPerOrigin: 1 },
  });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(1000), 0, { signal });
  server.inject({ on: "blob", drip: { bytes: 1000, everyMs: 100 }, times: Infinity });
  await Promise.all([0, 1, 2].map((at) => reader.read(Buffer.alloc(5000), at * 5000, { signal })));
  // Each body takes some 400 ms, and the last one waits for two.
  expect(Math.max(...timings.map(({ firstByteMs = 0 }) => firstByteMs))).toBeLessThan(350);
});

test("a registry that ignores Range has not failed, and what its one body brings is told", async () => {
  const timings: WindowTiming[] = [];
  const { server, client, reference } = await startFixture({
    client: { onWindow: (_registry, timing) => timings.push(timing) },
  });
  server.inject({ on: "blob", ignoreRange: true, times: Infinity });
  const reader = client.openBlob(reference(":1"), putBlob(server, content));
  await reader.read(Buffer.alloc(mib), 0, { signal });
  await reader.read(Buffer.alloc(mib), mib, { signal });
  expect(timings.map(({ failed, bytes }) => [failed, bytes])).toEqual([
    [false, 0],
    [false, mib],
    [false, mib],
  ]);
});

test.each([
  { what: "is kept by reading a little while the budget is paused", readAtLatestMs: 50, requests: 1 },
  { what: "is lost where nothing is read", readAtLatestMs: 60_000, requests: 2 },
])("one long body of a registry that drops slow readers $what", async ({ readAtLatestMs, requests }) => {
  const large = patternBytes(0, 24 * mib);
  let resumesAt = 0;
  const { server, client, reference } = await startFixture({
    client: {
      readAtLatestMs,
      reserve:
        () =>
        async (upToBytes, _signal, { atLatestMs = 0 } = {}) => {
          const startedAt = performance.now();
          while (performance.now() < Math.min(resumesAt, startedAt + atLatestMs)) await delay(10);
          return leaseOf(upToBytes);
        },
    },
  });
  server.inject({ on: "blob", ignoreRange: true, dropSlowReaderAfterMs: 1000, times: Infinity });
  const reader = client.openBlob(reference(":1"), putBlob(server, large));
  const into = Buffer.alloc(large.length - 10);
  await reader.read(into.subarray(0, 1000), 0, { signal });
  resumesAt = performance.now() + 3000;
  await reader.read(into.subarray(1000), 1000, { signal });
  expect(into.equals(large.subarray(0, into.length))).toBe(true);
  expect(server.log).toHaveLength(requests);
});
