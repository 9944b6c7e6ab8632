import { describe, expect, test } from "vitest";
import type { ListedObject, ObjectStore } from "../object-store.ts";
import { someBytes } from "./bytes.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** `list`: by prefix, in key order, page after page. */
export function describeListing(suite: StoreUnderTest): void {
  describe("a listing", () => {
    test("holds what begins with the prefix, in key order, with sizes and ETags", async () => {
      const store = suite.store();
      const prefix = suite.key("");
      const names = ["b.tar", "a/z.tar", "a/b.tar", "a.tar", "c"];
      for (const name of names) await store.put(prefix + name, someBytes(name.length, name));
      const listed = await listAll(store, prefix);
      expect(listed.map(({ key }) => key)).toEqual(
        ["a.tar", "a/b.tar", "a/z.tar", "b.tar", "c"].map((name) => prefix + name),
      );
      for (const { key, sizeBytes, etag } of listed) {
        expect({ sizeBytes, etag }).toEqual({
          sizeBytes: key.length - prefix.length,
          etag: (await store.head(key))?.etag,
        });
      }
      expect((await listAll(store, `${prefix}a/`)).map(({ key }) => key)).toEqual([
        `${prefix}a/b.tar`,
        `${prefix}a/z.tar`,
      ]);
    });

    test("cuts its pages where asked, and goes on behind the cursor", async () => {
      const store = suite.store();
      const prefix = suite.key("");
      const keys = ["1", "2", "3", "4", "5"].map((name) => prefix + name);
      for (const key of keys) await store.put(key, someBytes(1, key));
      const first = await store.list(prefix, { limit: 2 });
      expect(first.objects.map(({ key }) => key)).toEqual(keys.slice(0, 2));
      expect(first.nextCursor).toBeDefined();
      expect((await listAll(store, prefix, 2)).map(({ key }) => key)).toEqual(keys);
    });

    test("of an exact page has no further one", async () => {
      const store = suite.store();
      const prefix = suite.key("");
      await store.put(`${prefix}1`, someBytes(1, "1"));
      await store.put(`${prefix}2`, someBytes(1, "2"));
      expect((await listAll(store, prefix, 2)).map(({ key }) => key)).toEqual([`${prefix}1`, `${prefix}2`]);
    });

    test("of nothing is empty", async () => {
      const page = await suite.store().list(suite.key("nothing/here"));
      expect(page.objects).toEqual([]);
      expect(page.nextCursor).toBeUndefined();
    });
  });
}

async function listAll(store: ObjectStore, prefix: string, limit?: number): Promise<readonly ListedObject[]> {
  const all: ListedObject[] = [];
  let cursor: string | undefined;
  do {
    const page = await store.list(prefix, {
      ...(cursor === undefined ? {} : { cursor }),
      ...(limit === undefined ? {} : { limit }),
    });
    if (limit !== undefined) expect(page.objects.length).toBeLessThanOrEqual(limit);
    all.push(...page.objects);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return all;
}
