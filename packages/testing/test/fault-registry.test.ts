import { afterEach, expect, test } from "vitest";

import {
  type Fault,
  type FaultRegistry,
  type FaultRegistryOptions,
  startFaultRegistry,
} from "../src/index.ts";

const repository = "team/app";
const content = Buffer.alloc(300_000, "layaway");
const running: FaultRegistry[] = [];

async function start(options?: FaultRegistryOptions): Promise<{ registry: FaultRegistry; url: string }> {
  const registry = await startFaultRegistry(options);
  running.push(registry);
  const digest = registry.putBlob(repository, content);
  return { registry, url: `http://${registry.host}/v2/${repository}/blobs/${digest}` };
}

afterEach(async () => {
  for (const registry of running.splice(0)) await registry.stop();
});

test("serves ranges of a blob that is made when it is asked for", async () => {
  const { registry } = await start();
  const sizeBytes = 5 * 2 ** 30;
  const digest = `sha256:${"0".repeat(64)}`;
  registry.putBlob(repository, {
    digest,
    sizeBytes,
    read: (offset, length) => Buffer.alloc(length, offset % 251),
  });
  const answer = await fetch(`http://${registry.host}/v2/${repository}/blobs/${digest}`, {
    headers: { range: "bytes=5000000000-5000000009" },
  });
  expect(answer.status).toBe(206);
  expect(answer.headers.get("content-range")).toBe(`bytes 5000000000-5000000009/${sizeBytes}`);
  expect(Buffer.from(await answer.arrayBuffer())).toEqual(Buffer.alloc(10, 5_000_000_000 % 251));
  expect(registry.log).toMatchObject([
    { kind: "blob", method: "GET", range: "bytes=5000000000-5000000009", bytesSent: 10 },
  ]);
});

test.each<{ what: string; fault: Partial<Fault>; arrives: number | "breaks" }>([
  { what: "a body cut short of its length", fault: { truncateAfter: 1000 }, arrives: "breaks" },
  { what: "a reset", fault: { resetAfter: 1000 }, arrives: "breaks" },
  {
    what: "a chunked body that ends early",
    fault: { framing: "chunked", truncateAfter: 1000 },
    arrives: 1000,
  },
  {
    what: "a close-delimited body that ends early",
    fault: { framing: "close", truncateAfter: 1000 },
    arrives: 1000,
  },
  { what: "an overlong body", fault: { framing: "chunked", extraBytes: 7 }, arrives: 300_007 },
])("sends $what, once", async ({ fault, arrives }) => {
  const { registry, url } = await start();
  registry.inject({ on: "blob", ...fault });
  const first = fetch(url).then(async (answer) => (await answer.arrayBuffer()).byteLength);
  await expect(first.catch(() => "breaks")).resolves.toBe(arrives);
  await expect(fetch(url).then(async (answer) => (await answer.arrayBuffer()).byteLength)).resolves.toBe(
    300_000,
  );
});

test("turns one bit", async () => {
  const { registry, url } = await start();
  registry.inject({ on: "blob", flipAt: 70_000 });
  const bytes = Buffer.from(await (await fetch(url)).arrayBuffer());
  const wrong = [...content.keys()].filter((at) => bytes[at] !== content[at]);
  expect(wrong).toEqual([70_000]);
});

test("faults take the requests they are meant for, as often as they say", async () => {
  const { registry, url } = await start();
  registry.inject({ on: "blob", status: 503, headers: { "retry-after": "7" }, times: 2, after: 1 });
  const statuses: number[] = [];
  for (let n = 0; n < 4; n += 1) statuses.push((await fetch(url)).status);
  expect(statuses).toEqual([200, 503, 503, 200]);
});

test("gives tokens that expire by its clock, and takes no other", async () => {
  let now = 0;
  const { registry, url } = await start({ auth: { kind: "token", expiresInSeconds: 60 }, now: () => now });
  const challenged = await fetch(url);
  expect(challenged.status).toBe(401);
  expect(challenged.headers.get("www-authenticate")).toContain(`realm="http://${registry.host}/token"`);
  const answer: unknown = await (
    await fetch(`http://${registry.host}/token?scope=repository:${repository}:pull`)
  ).json();
  const headers = { authorization: `Bearer ${String(new Map(Object.entries(answer ?? {})).get("token"))}` };
  expect((await fetch(url, { headers })).status).toBe(200);
  now = 60_000;
  expect((await fetch(url, { headers })).status).toBe(401);
  expect(registry.log.map((entry) => entry.authorization)).toEqual([
    undefined,
    undefined,
    "Bearer",
    "Bearer",
  ]);
});

test("sends blobs to a second origin whose links expire and which refuses Authorization", async () => {
  const { registry, url } = await start({ cdn: { requestsPerLink: 2 } });
  const link = (await fetch(url, { redirect: "manual" })).headers.get("location") ?? "";
  expect(link).toContain(`http://${registry.cdnHost}/`);
  expect((await fetch(link)).status).toBe(200);
  expect((await fetch(link, { headers: { authorization: "Bearer x" } })).status).toBe(403);
  expect((await fetch(link)).status).toBe(403);
});

test("knows when no request is being answered any more", async () => {
  const { registry, url } = await start();
  registry.inject({ on: "blob", stallAfter: 1000 });
  const abort = new AbortController();
  const answer = await fetch(url, { signal: abort.signal });
  abort.abort();
  await expect(answer.arrayBuffer()).rejects.toThrow("aborted");
  await registry.settled();
  expect(registry.log[0]?.bytesSent).toBe(1000);
});

test("pages its tags by Link", async () => {
  const { registry } = await start({ tagsPerPage: 2 });
  registry.putManifest(repository, { mediaType: "text/plain", bytes: Buffer.from("{}") }, ["a", "b", "c"]);
  const first = await fetch(`http://${registry.host}/v2/${repository}/tags/list`);
  expect(await first.json()).toEqual({ tags: ["a", "b"] });
  expect(first.headers.get("link")).toBe(`</v2/${repository}/tags/list?n=2&last=b>; rel="next"`);
});
