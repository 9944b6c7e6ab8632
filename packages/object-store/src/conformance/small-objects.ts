import { describe, expect, test } from "vitest";
import { ObjectConflictError, ObjectNotFoundError } from "../errors.ts";
import { fingerprint, readAll, someBytes } from "./bytes.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** `put`, `get`, `head` and `delete` of small objects. */
export function describeSmallObjects(suite: StoreUnderTest): void {
  describe("small objects", () => {
    test("come back as they were put", async () => {
      const store = suite.store();
      const key = suite.key("a/b/c.json");
      const bytes = someBytes(200_000, "put");
      const { etag } = await store.put(key, bytes);
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(bytes));
      expect(await store.head(key)).toMatchObject({ key, sizeBytes: bytes.length, etag });
    });

    test("are read only as long as they are the ones that were meant", async () => {
      const store = suite.store();
      const key = suite.key("replaced.json");
      const { etag } = await store.put(key, someBytes(1000, "first"));
      const range = { offset: 10, length: 100 };
      expect(await readAll(await store.get(key, { range, ifMatch: etag }))).toHaveLength(100);
      await store.put(key, someBytes(1001, "second"));
      for (const wanted of [{ range, ifMatch: etag }, { ifMatch: etag }]) {
        const reading = async (): Promise<unknown> => readAll(await store.get(key, wanted));
        await expect(reading()).rejects.toBeInstanceOf(ObjectConflictError);
      }
    });

    test("may be empty", async () => {
      const store = suite.store();
      const key = suite.key("empty");
      await store.put(key, new Uint8Array());
      expect(await readAll(await store.get(key))).toHaveLength(0);
      expect((await store.head(key))?.sizeBytes).toBe(0);
    });

    test("keep their metadata under lower-case names", async () => {
      const store = suite.store();
      const key = suite.key("described.json");
      const metadata = { "layaway-digest": "sha256:0123", plan: "a b=c" };
      await store.put(key, someBytes(10, "metadata"), { contentType: "application/json", metadata });
      expect((await store.head(key))?.metadata).toEqual(metadata);
    });

    test("have no metadata unless it was given", async () => {
      const store = suite.store();
      const key = suite.key("plain");
      await store.put(key, someBytes(10, "plain"));
      expect((await store.head(key))?.metadata).toEqual({});
    });

    test("have an opaque ETag without quotes, and a time", async () => {
      const store = suite.store();
      const key = suite.key("etag");
      await store.put(key, someBytes(10, "etag"));
      const info = await store.head(key);
      expect(info?.etag).toMatch(/^[^"]+$/u);
      expect(Number.isNaN(info?.lastModified?.getTime() ?? 0)).toBe(false);
    });

    test("are replaced by a second put, with another ETag", async () => {
      const store = suite.store();
      const key = suite.key("twice");
      const first = await store.put(key, someBytes(10, "first"));
      const second = await store.put(key, someBytes(20, "second"));
      expect(second.etag).not.toBe(first.etag);
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(someBytes(20, "second")));
    });

    test("are refused by a conditional put where the key is taken", async () => {
      const store = suite.store();
      const key = suite.key("if-absent");
      await store.put(key, someBytes(10, "mine"), { ifAbsent: true });
      const second = store.put(key, someBytes(10, "theirs"), { ifAbsent: true });
      await expect(second).rejects.toBeInstanceOf(ObjectConflictError);
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(someBytes(10, "mine")));
    });

    if (suite.features.conditionalPut === "atomic") {
      test("are written once by conditional puts at the same instant", async () => {
        const store = suite.store();
        const key = suite.key("if-absent-race");
        const puts = ["a", "b", "c", "d"].map((seed) =>
          store.put(key, someBytes(10, seed), { ifAbsent: true }),
        );
        const settled = await Promise.allSettled(puts);
        expect(settled.filter((one) => one.status === "fulfilled")).toHaveLength(1);
        for (const one of settled) {
          if (one.status === "rejected") expect(one.reason).toBeInstanceOf(ObjectConflictError);
        }
      });
    }

    test("can be read in part", async () => {
      const store = suite.store();
      const key = suite.key("ranges");
      const bytes = someBytes(100_000, "ranges");
      await store.put(key, bytes);
      for (const range of [
        { offset: 0, length: 1 },
        { offset: 70_001, length: 20_000 },
        { offset: 99_999, length: 1 },
      ]) {
        const expected = bytes.subarray(range.offset, range.offset + range.length);
        expect(fingerprint(await readAll(await store.get(key, { range })))).toBe(fingerprint(expected));
      }
    });

    test("give what there is of a range that ends behind their end", async () => {
      const store = suite.store();
      const key = suite.key("clipped");
      const bytes = someBytes(1000, "clipped");
      await store.put(key, bytes);
      const body = await store.get(key, { range: { offset: 900, length: 64 * 1024 } });
      expect(fingerprint(await readAll(body))).toBe(fingerprint(bytes.subarray(900)));
    });

    test("may be left in the middle of reading", async () => {
      const store = suite.store();
      const key = suite.key("left");
      await store.put(key, someBytes(1_000_000, "left"));
      let read = 0;
      for await (const chunk of await store.get(key)) {
        read += chunk.length;
        break;
      }
      expect(read).toBeGreaterThan(0);
      expect((await store.head(key))?.sizeBytes).toBe(1_000_000);
    });

    test("that are not there have no head and cannot be read", async () => {
      const store = suite.store();
      const key = suite.key("nowhere");
      expect(await store.head(key)).toBeUndefined();
      await expect(store.get(key)).rejects.toBeInstanceOf(ObjectNotFoundError);
      const range = { offset: 0, length: 10 };
      await expect(store.get(key, { range })).rejects.toBeInstanceOf(ObjectNotFoundError);
    });

    test("are gone after they were deleted, also twice", async () => {
      const store = suite.store();
      const key = suite.key("deleted");
      await store.put(key, someBytes(10, "deleted"));
      await store.delete(key);
      expect(await store.head(key)).toBeUndefined();
      await store.delete(key);
      await expect(store.get(key)).rejects.toBeInstanceOf(ObjectNotFoundError);
    });

    test.each([
      "registry.example.com_5000/team/app/1.27@sha256-0123.tar",
      "a+b/c d/e=f",
      "100%/~(one)'s!*.tar",
      "%2F/percent",
      "tilde/ünï/漢字",
    ])("may have the key %s", async (name) => {
      const store = suite.store();
      const key = suite.key(name);
      const bytes = someBytes(100, name);
      await store.put(key, bytes);
      expect((await store.head(key))?.key).toBe(key);
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(bytes));
      expect((await store.list(key)).objects.map((object) => object.key)).toEqual([key]);
      await store.delete(key);
      expect(await store.head(key)).toBeUndefined();
    });

    test("have a URL for people that names the key and holds no signature", () => {
      const url = suite.store().url("team/app.tar");
      expect(url).toContain("team/app.tar");
      expect(url).not.toMatch(/\?|signature/iu);
    });
  });
}
