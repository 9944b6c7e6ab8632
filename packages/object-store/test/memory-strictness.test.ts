import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, test } from "vitest";

import { createMemoryStore } from "../src/memory.ts";

const small = { minPartBytes: 4, maxPartBytes: 8, maxParts: 3, minCopySourceBytes: 6, maxObjectBytes: 12 };

describe("the memory store", () => {
  test("refuses a completion whose parts are out of order", async () => {
    const store = createMemoryStore({ limits: small });
    const upload = await store.createUpload("unsorted.tar");
    const first = await store.uploadPart(upload, 1, Buffer.from("1234"));
    const second = await store.uploadPart(upload, 2, Buffer.from("5678"));
    await expect(store.completeUpload(upload, [second, first])).rejects.toBeInstanceOf(InvalidRequestError);
    await expect(store.completeUpload(upload, [first, first])).rejects.toBeInstanceOf(InvalidRequestError);
    await expect(store.completeUpload(upload, [])).rejects.toBeInstanceOf(InvalidRequestError);
    await store.completeUpload(upload, [first, second]);
  });

  test("refuses a completion with an ETag of an earlier part of that number", async () => {
    const store = createMemoryStore({ limits: small });
    const upload = await store.createUpload("stale.tar");
    const earlier = await store.uploadPart(upload, 1, Buffer.from("1234"));
    await store.uploadPart(upload, 1, Buffer.from("4321"));
    await expect(store.completeUpload(upload, [earlier])).rejects.toBeInstanceOf(InvalidRequestError);
  });

  test.each([0, 4, 1.5])("refuses part number %s of at most three", async (number) => {
    const store = createMemoryStore({ limits: small });
    const upload = await store.createUpload("numbers.tar");
    await expect(store.uploadPart(upload, number, Buffer.from("1"))).rejects.toBeInstanceOf(
      InvalidRequestError,
    );
  });

  test("refuses parts and objects over their limits", async () => {
    const store = createMemoryStore({ limits: small });
    const upload = await store.createUpload("large.tar");
    await expect(store.uploadPart(upload, 1, Buffer.alloc(9))).rejects.toBeInstanceOf(InvalidRequestError);
    const parts = [
      await store.uploadPart(upload, 1, Buffer.alloc(8)),
      await store.uploadPart(upload, 2, Buffer.alloc(5)),
    ];
    await expect(store.completeUpload(upload, parts)).rejects.toBeInstanceOf(InvalidRequestError);
  });

  test("refuses copies of what is too small, and of ranges that are not there", async () => {
    const store = createMemoryStore({ limits: small });
    const upload = await store.createUpload("copies.tar");
    const tiny = await store.put("tiny", Buffer.alloc(5));
    const enough = await store.put("enough", Buffer.alloc(6));
    const from = (key: string, etag: string, offset: number): Promise<unknown> =>
      store.copyPart(upload, 1, { key, etag, range: { offset, length: 4 } });
    await expect(from("tiny", tiny.etag, 0)).rejects.toBeInstanceOf(InvalidRequestError);
    await expect(from("enough", enough.etag, 3)).rejects.toBeInstanceOf(InvalidRequestError);
    await from("enough", enough.etag, 2);
  });

  test("tells when an object was written and an upload begun, by the clock it was given", async () => {
    const at = new Date("2030-01-02T03:04:05Z");
    const store = createMemoryStore({ now: () => at });
    await store.put("timed", Buffer.alloc(1));
    await store.createUpload("timed.tar");
    expect((await store.head("timed"))?.lastModified).toEqual(at);
    expect((await store.listUploads("timed"))[0]?.startedAt).toEqual(at);
  });
});
