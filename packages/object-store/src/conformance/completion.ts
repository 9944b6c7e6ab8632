import { describe, expect, test } from "vitest";
import { LayawayError } from "@layaway/errors";
import { ObjectConflictError, UploadNotFoundError } from "../errors.ts";
import type { ObjectStore, Upload, UploadedPart } from "../object-store.ts";
import { fingerprint, readAll, someBytes } from "./bytes.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** `completeUpload`: what it refuses, and what two of them do to one key. */
export function describeCompletion(suite: StoreUnderTest): void {
  const { features } = suite;

  describe("a completion", () => {
    test("of a key that was taken meanwhile is refused, and leaves the object as it is", async () => {
      const store = suite.store();
      const key = suite.key("second.tar");
      const first = await begin(store, key, "first");
      const second = await begin(store, key, "second");
      await store.completeUpload(first.upload, first.parts);
      await expect(store.completeUpload(second.upload, second.parts)).rejects.toBeInstanceOf(
        ObjectConflictError,
      );
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(someBytes(100, "first")));
      await store.abortUpload(second.upload);
    });

    test("of a key that was taken by a put is refused", async () => {
      const store = suite.store();
      const key = suite.key("put-before.tar");
      await store.put(key, someBytes(10, "put"));
      const { upload, parts } = await begin(store, key, "upload");
      await expect(store.completeUpload(upload, parts)).rejects.toBeInstanceOf(ObjectConflictError);
      expect((await store.head(key))?.sizeBytes).toBe(10);
      await store.abortUpload(upload);
    });

    if (features.conditionalCompletion === "atomic") {
      test("succeeds once where several try at the same instant", async () => {
        const store = suite.store();
        const key = suite.key("race.tar");
        const begun = await Promise.all(["a", "b", "c"].map((seed) => begin(store, key, seed)));
        const settled = await Promise.allSettled(
          begun.map(({ upload, parts }) => store.completeUpload(upload, parts)),
        );
        expect(settled.filter((one) => one.status === "fulfilled")).toHaveLength(1);
        for (const one of settled) {
          if (one.status === "rejected") expect(one.reason).toBeInstanceOf(ObjectConflictError);
        }
        for (const { upload } of begun) await store.abortUpload(upload);
      });
    }

    test("that may overwrite takes the key over", async () => {
      const store = suite.store();
      const key = suite.key("overwritten.tar");
      await store.put(key, someBytes(10, "old"));
      const { upload, parts } = await begin(store, key, "new");
      const { etag } = await store.completeUpload(upload, parts, { overwrite: true });
      expect(await store.head(key)).toMatchObject({ sizeBytes: 100, etag });
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(someBytes(100, "new")));
    });

    test("of a completed upload is an upload not found, a conflict, or the same success: never something else", async () => {
      const store = suite.store();
      const key = suite.key("completed-twice.tar");
      const { upload, parts } = await begin(store, key, "once");
      const { etag } = await store.completeUpload(upload, parts);
      const [again] = await Promise.allSettled([store.completeUpload(upload, parts)]);
      if (again.status === "fulfilled") expect(again.value.etag).toBe(etag);
      else expect([UploadNotFoundError, ObjectConflictError]).toContain(again.reason.constructor);
      expect(await store.head(key)).toMatchObject({ sizeBytes: 100, etag });
    });

    test("with a part that was never sent is refused, and shows nothing", async () => {
      const store = suite.store();
      const key = suite.key("never-sent.tar");
      const { upload, parts } = await begin(store, key, "sent");
      const never = { number: 2, etag: "0123456789abcdef0123456789abcdef", sizeBytes: 10 };
      await expect(store.completeUpload(upload, [...parts, never])).rejects.toBeInstanceOf(LayawayError);
      expect(await store.head(key)).toBeUndefined();
      await store.abortUpload(upload);
    });

    if (features.refusesSmallParts) {
      test("with a part below the least size is refused, and shows nothing", async () => {
        const store = suite.store();
        const key = suite.key("too-small.tar");
        const upload = await store.createUpload(key);
        const parts = [
          await store.uploadPart(upload, 1, someBytes(store.limits.minPartBytes - 1, "small")),
          await store.uploadPart(upload, 2, someBytes(10, "last")),
        ];
        await expect(store.completeUpload(upload, parts)).rejects.toBeInstanceOf(LayawayError);
        expect(await store.head(key)).toBeUndefined();
        await store.abortUpload(upload);
      });
    }
  });
}

async function begin(
  store: ObjectStore,
  key: string,
  seed: string,
): Promise<{ readonly upload: Upload; readonly parts: readonly UploadedPart[] }> {
  const upload = await store.createUpload(key);
  return { upload, parts: [await store.uploadPart(upload, 1, someBytes(100, seed))] };
}
