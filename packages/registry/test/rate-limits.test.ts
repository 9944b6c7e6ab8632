import { expect, test } from "vitest";

import { RateLimitedError } from "../src/index.ts";
import { putImage, signal, startFixture } from "./fixture.ts";

const noon = Date.UTC(2030, 0, 1, 12);

test.each([
  { what: "seconds", header: "7", waits: [7000] },
  { what: "a date", header: new Date(noon + 5000).toUTCString(), waits: [5000] },
  { what: "a date that is past", header: new Date(noon - 5000).toUTCString(), waits: [250] },
  { what: "no time at all", header: "0", waits: [250] },
  { what: "nothing we can read", header: "soon", waits: [250] },
  { what: "no header", header: undefined, waits: [250] },
])("waits for $what on 429, never less than its own back-off", async ({ header, waits }) => {
  const { server, client, reference, slept } = await startFixture({ client: { wallClock: () => noon } });
  putImage(server, { tags: ["1"] });
  server.inject({ on: "manifest", status: 429, headers: { "retry-after": header } });
  await client.fetchManifest(reference(":1"), { signal });
  expect(slept).toEqual(waits);
});

test.each([429, 503])("a long wait on %d is not waited here", async (status) => {
  const { server, client, reference, slept } = await startFixture();
  putImage(server, { tags: ["1"] });
  server.inject({ on: "manifest", status, headers: { "retry-after": "3600" } });
  const fetching = client.fetchManifest(reference(":1"), { signal });
  await expect(fetching).rejects.toBeInstanceOf(RateLimitedError);
  await expect(fetching).rejects.toMatchObject({ retryAfterMs: 3_600_000, retryable: true });
  expect(slept).toEqual([]);
  expect(server.log).toHaveLength(1);
});

test("a registry that says 429 for ever is a rate limit in the end", async () => {
  const { server, client, reference } = await startFixture();
  server.inject({ on: "manifest", status: 429, times: Infinity });
  const fetching = client.fetchManifest(reference(":1"), { signal });
  await expect(fetching).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: undefined });
  expect(server.log).toHaveLength(5);
});

test.each([408, 499, 500, 502, 503, 504, 522])("tries again after %d", async (status) => {
  const { server, client, reference } = await startFixture();
  putImage(server, { tags: ["1"] });
  server.inject({ on: "manifest", status });
  await client.fetchManifest(reference(":1"), { signal });
  expect(server.log.map((entry) => entry.status)).toEqual([status, 200, 200]);
});

test.each([400, 410, 501])("does not try again after %d", async (status) => {
  const { server, client, reference } = await startFixture();
  server.inject({ on: "manifest", method: "GET", status, times: Infinity });
  server.inject({ on: "manifest", method: "HEAD", status: 405 });
  const fetching = client.fetchManifest(reference(":1"), { signal });
  await expect(fetching).rejects.toMatchObject({ code: "source_unavailable", retryable: false });
  expect(server.log).toHaveLength(2);
});

test("a registry that is not there is tried some times, and named", async () => {
  const { server, client, reference, slept } = await startFixture();
  const gone = reference(":1");
  await server.stop();
  const error: unknown = await client.fetchManifest(gone, { signal }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "source_unavailable", retryable: true });
  expect(String(error)).toContain(server.host);
  expect(slept).toHaveLength(4);
});

test("a name that does not exist is not tried again", async () => {
  const { client, reference, slept } = await startFixture({
    outbound: {
      lookup: () => Promise.reject(Object.assign(new Error("getaddrinfo"), { code: "ENOTFOUND" })),
    },
  });
  const nowhere = { ...reference(":1"), registry: "registry.example.com" };
  await expect(client.fetchManifest(nowhere, { signal })).rejects.toMatchObject({
    code: "source_unavailable",
    retryable: false,
  });
  expect(slept).toEqual([]);
});
