import { expect, test } from "vitest";

import { ManifestUnknownError, type Registry } from "../src/index.ts";
import { type Fixture, json, putImage, repository, signal, startFixture } from "./fixture.ts";

async function tagsOf(client: Registry, reference: Parameters<Registry["listTags"]>[0]): Promise<string[]> {
  const tags: string[] = [];
  for await (const tag of client.listTags(reference, { signal })) tags.push(tag);
  return tags;
}

const page = (tags: readonly string[] | null): string => json({ name: repository, tags }).toString();

async function withPages(pages: readonly { body: string; link?: string }[]): Promise<Fixture> {
  const fixture = await startFixture();
  for (const { body, link } of pages) {
    fixture.server.inject({
      on: "tags",
      status: 200,
      body,
      ...(link === undefined ? {} : { headers: { link } }),
    });
  }
  return fixture;
}

test("follows Link from page to page", async () => {
  const { server, client, reference } = await startFixture({ server: { tagsPerPage: 2 } });
  putImage(server, { tags: ["a", "b", "c", "d", "e"] });
  expect(await tagsOf(client, reference(""))).toEqual(["a", "b", "c", "d", "e"]);
  expect(server.log.map((entry) => entry.path)).toEqual([
    `/v2/${repository}/tags/list?n=1000`,
    `/v2/${repository}/tags/list?n=2&last=b`,
    `/v2/${repository}/tags/list?n=2&last=d`,
  ]);
});

test("goes on after `last` where a full page has no Link", async () => {
  const tags = Array.from({ length: 1000 }, (_, n) => `t${String(n).padStart(4, "0")}`);
  const { server, client, reference } = await withPages([{ body: page(tags) }, { body: page(["z"]) }]);
  expect(await tagsOf(client, reference(""))).toEqual([...tags, "z"]);
  expect(server.log[1]?.path).toContain("last=t0999");
});

test("stops where the registry sends the same page again", async () => {
  const tags = Array.from({ length: 1000 }, (_, n) => `t${n}`);
  const { client, server, reference } = await withPages([
    { body: page(tags) },
    { body: page(tags) },
    { body: page(tags) },
  ]);
  expect(await tagsOf(client, reference(""))).toEqual(tags);
  expect(server.log).toHaveLength(2);
});

test("a Link to another host is not followed", async () => {
  const link = `<http://127.0.0.2:1/v2/${repository}/tags/list?last=a>; rel="next"`;
  const { client, server, reference } = await withPages([{ body: page(["a"]), link }]);
  expect(await tagsOf(client, reference(""))).toEqual(["a"]);
  expect(server.log).toHaveLength(1);
});

test("an empty repository has no tags", async () => {
  const { client, reference } = await withPages([{ body: page(null) }]);
  expect(await tagsOf(client, reference(""))).toEqual([]);
});

test("an answer that is no list is an error", async () => {
  const { client, reference } = await withPages([{ body: "<html>" }]);
  await expect(tagsOf(client, reference(""))).rejects.toMatchObject({
    code: "source_unavailable",
    retryable: false,
  });
});

test("an unknown repository is an error", async () => {
  const { client, reference } = await startFixture();
  await expect(tagsOf(client, reference("/none"))).rejects.toBeInstanceOf(ManifestUnknownError);
});
