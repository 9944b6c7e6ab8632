import { describe, expect, test } from "vitest";
import { UploadNotFoundError } from "../errors.ts";
import type { Upload } from "../object-store.ts";
import { fingerprint, readAll, someBytes } from "./bytes.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** Multipart uploads before and apart from their completion. */
export function describeUploads(suite: StoreUnderTest): void {
  describe("an upload", () => {
    test("joins parts that came in any order, and keeps its metadata", async () => {
      const store = suite.store();
      const key = suite.key("any-order.tar");
      const metadata = { plan: "0123", digest: "sha256:4567" };
      const upload = await store.createUpload(key, { contentType: "application/x-tar", metadata });
      expect(upload.key).toBe(key);
      const full = store.limits.minPartBytes;
      const bytes = [someBytes(full, "1"), someBytes(full + 1, "2"), someBytes(3, "3")];
      const third = await store.uploadPart(upload, 3, part(bytes, 3));
      const first = await store.uploadPart(upload, 1, part(bytes, 1));
      const second = await store.uploadPart(upload, 2, part(bytes, 2));
      expect([first, second, third].map(({ number, sizeBytes }) => [number, sizeBytes])).toEqual([
        [1, full],
        [2, full + 1],
        [3, 3],
      ]);
      const { etag } = await store.completeUpload(upload, [first, second, third]);
      const whole = Buffer.concat(bytes);
      expect(await store.head(key)).toMatchObject({ sizeBytes: whole.length, etag, metadata });
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(whole));
    });

    test("takes parts at the same time", async () => {
      const store = suite.store();
      const upload = await store.createUpload(suite.key("parallel.tar"));
      const numbers = [1, 2, 3, 4];
      await Promise.all(
        numbers.map((number) => store.uploadPart(upload, number, someBytes(1000 * number, `${number}`))),
      );
      expect((await store.listParts(upload)).map(({ sizeBytes }) => sizeBytes)).toEqual([
        1000, 2000, 3000, 4000,
      ]);
      await store.abortUpload(upload);
    });

    test("takes the later of two parts with one number", async () => {
      const store = suite.store();
      const key = suite.key("re-sent.tar");
      const upload = await store.createUpload(key);
      const earlier = await store.uploadPart(upload, 1, someBytes(500, "earlier"));
      const later = await store.uploadPart(upload, 1, someBytes(400, "later"));
      expect(later.etag).not.toBe(earlier.etag);
      expect((await store.listParts(upload)).map(({ etag, sizeBytes }) => [etag, sizeBytes])).toEqual([
        [later.etag, 400],
      ]);
      await store.completeUpload(upload, [later]);
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(someBytes(400, "later")));
    });

    test("does not care what becomes of a part's buffer afterwards", async () => {
      const store = suite.store();
      const key = suite.key("reused-buffer.tar");
      const upload = await store.createUpload(key);
      const buffer = someBytes(1000, "buffer");
      const sent = await store.uploadPart(upload, 1, buffer);
      buffer.fill(0);
      await store.completeUpload(upload, [sent]);
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(someBytes(1000, "buffer")));
    });

    test("lists every part it has, in order of numbers, over more than one page", async () => {
      const store = suite.store();
      const upload = await store.createUpload(suite.key("listed.tar"));
      expect(await store.listParts(upload)).toEqual([]);
      const numbers = [7, 2, 11, 1, 5];
      const sent = new Map<number, string>();
      for (const number of numbers) {
        const { etag } = await store.uploadPart(upload, number, someBytes(100 + number, `${number}`));
        sent.set(number, etag);
      }
      expect(
        (await store.listParts(upload)).map(({ number, sizeBytes, etag }) => [number, sizeBytes, etag]),
      ).toEqual([1, 2, 5, 7, 11].map((number) => [number, 100 + number, sent.get(number)]));
      await store.abortUpload(upload);
    });

    test("can be completed with the parts as they were listed, from what was written down of it", async () => {
      const store = suite.store();
      const key = suite.key("gone-on-with.tar");
      const begun = await store.createUpload(key);
      const bytes = [someBytes(store.limits.minPartBytes, "1"), someBytes(77, "2")];
      await store.uploadPart(begun, 2, part(bytes, 2));
      const upload = { key: begun.key, uploadId: begun.uploadId };
      await store.uploadPart(upload, 1, part(bytes, 1));
      await store.completeUpload(upload, await store.listParts(upload));
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(Buffer.concat(bytes)));
    });

    test("shows nothing before its completion", async () => {
      const store = suite.store();
      const key = suite.key("invisible.tar");
      const upload = await store.createUpload(key);
      await store.uploadPart(upload, 1, someBytes(100, "invisible"));
      expect(await store.head(key)).toBeUndefined();
      expect((await store.list(key)).objects).toEqual([]);
      await store.abortUpload(upload);
      expect(await store.head(key)).toBeUndefined();
    });

    test("stands in the list of uploads until it is completed or aborted", async () => {
      const store = suite.store();
      const prefix = suite.key("");
      const uploads: Upload[] = [];
      for (const name of ["b/1.tar", "a/1.tar", "a/2.tar", "a/2.tar", "a/3.tar"]) {
        uploads.push(await store.createUpload(prefix + name));
      }
      const ids = async (below: string): Promise<readonly string[]> =>
        (await store.listUploads(below)).map(({ key, uploadId }) => `${key} ${uploadId}`).sort();
      const idsOf = (some: readonly Upload[]): readonly string[] =>
        some.map(({ key, uploadId }) => `${key} ${uploadId}`).sort();
      expect(await ids(prefix)).toEqual(idsOf(uploads));
      expect(await ids(`${prefix}a/`)).toEqual(idsOf(uploads.slice(1)));
      const [aborted, completed, ...left] = uploads;
      if (aborted === undefined || completed === undefined) throw new Error("five uploads were begun");
      await store.abortUpload(aborted);
      await store.completeUpload(completed, [await store.uploadPart(completed, 1, someBytes(10, "done"))]);
      expect(await ids(prefix)).toEqual(idsOf(left));
      for (const upload of left) await store.abortUpload(upload);
      expect(await ids(prefix)).toEqual([]);
    });

    test("that was aborted knows no parts any more, and can be aborted again", async () => {
      const store = suite.store();
      const upload = await store.createUpload(suite.key("aborted.tar"));
      const sent = await store.uploadPart(upload, 1, someBytes(100, "aborted"));
      await store.abortUpload(upload);
      await store.abortUpload(upload);
      await expect(store.listParts(upload)).rejects.toBeInstanceOf(UploadNotFoundError);
      await expect(store.uploadPart(upload, 2, someBytes(100, "late"))).rejects.toBeInstanceOf(
        UploadNotFoundError,
      );
      await expect(store.completeUpload(upload, [sent])).rejects.toBeInstanceOf(UploadNotFoundError);
      expect(await store.head(upload.key)).toBeUndefined();
    });
  });
}

function part(parts: readonly Buffer[], number: number): Buffer {
  const bytes = parts[number - 1];
  if (bytes === undefined) throw new Error(`no part ${number}`);
  return bytes;
}
