import { beforeAll, describe, expect, test } from "vitest";
import { ObjectConflictError, ObjectNotFoundError, UploadNotFoundError } from "../errors.ts";
import { fingerprint, readAll, someBytes } from "./bytes.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** `copyPart`: a range of one object becomes a part of another, inside the store. */
export function describeCopies(suite: StoreUnderTest): void {
  describe("a copied part", () => {
    let source: { readonly key: string; readonly etag: string; readonly bytes: Buffer };
    beforeAll(async () => {
      const { minPartBytes, minCopySourceBytes } = suite.store().limits;
      const bytes = someBytes(Math.max(minPartBytes, minCopySourceBytes) + 2000, "source");
      // A key that has to be escaped where it stands in a header.
      const key = suite.key("team/app+x/1.0 beta@sha256-0123.tar");
      source = { key, bytes, etag: (await suite.store().put(key, bytes)).etag };
    });

    test("holds the range that was asked for, beside parts that were sent", async () => {
      const store = suite.store();
      const key = suite.key("copied.tar");
      const upload = await store.createUpload(key);
      const range = { offset: 1001, length: store.limits.minPartBytes };
      const copied = await store.copyPart(upload, 1, { key: source.key, etag: source.etag, range });
      expect(copied).toMatchObject({ number: 1, sizeBytes: range.length });
      const sent = await store.uploadPart(upload, 2, someBytes(50, "sent"));
      const listed = await store.listParts(upload);
      expect(listed.map(({ etag, sizeBytes }) => [etag, sizeBytes])).toEqual([
        [copied.etag, range.length],
        [sent.etag, 50],
      ]);
      await store.completeUpload(upload, [copied, sent]);
      const expected = Buffer.concat([
        source.bytes.subarray(range.offset, range.offset + range.length),
        someBytes(50, "sent"),
      ]);
      expect(fingerprint(await readAll(await store.get(key)))).toBe(fingerprint(expected));
    });

    test("is refused where the source's ETag is another", async () => {
      const store = suite.store();
      const upload = await store.createUpload(suite.key("changed.tar"));
      const from = {
        key: source.key,
        etag: "0123456789abcdef0123456789abcdef",
        range: { offset: 0, length: 1000 },
      };
      await expect(store.copyPart(upload, 1, from)).rejects.toBeInstanceOf(ObjectConflictError);
      expect(await store.listParts(upload)).toEqual([]);
      await store.abortUpload(upload);
    });

    test("is refused where the source is not there", async () => {
      const store = suite.store();
      const upload = await store.createUpload(suite.key("no-source.tar"));
      const from = { key: suite.key("nowhere"), etag: source.etag, range: { offset: 0, length: 1000 } };
      await expect(store.copyPart(upload, 1, from)).rejects.toBeInstanceOf(ObjectNotFoundError);
      await store.abortUpload(upload);
    });

    test("is refused where the upload is not there", async () => {
      const store = suite.store();
      const upload = await store.createUpload(suite.key("no-upload.tar"));
      await store.abortUpload(upload);
      const from = { key: source.key, etag: source.etag, range: { offset: 0, length: 1000 } };
      await expect(store.copyPart(upload, 1, from)).rejects.toBeInstanceOf(UploadNotFoundError);
    });
  });
}
