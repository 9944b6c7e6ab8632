import { CancelledError } from "@layaway/errors";
import { describe, expect, test } from "vitest";
import { readAll, someBytes } from "./bytes.ts";
import type { ObjectStore, Upload } from "../object-store.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

type Call = (store: ObjectStore, key: string, upload: Upload, signal: AbortSignal) => Promise<unknown>;

const calls: Readonly<Record<string, Call>> = {
  head: (store, key, _, signal) => store.head(key, { signal }),
  get: async (store, key, _, signal) => readAll(await store.get(key, { signal })),
  put: (store, key, _, signal) => store.put(key, someBytes(10, "other"), { signal }),
  list: (store, key, _, signal) => store.list(key, { signal }),
  delete: (store, key, _, signal) => store.delete(key, { signal }),
  createUpload: (store, key, _, signal) => store.createUpload(key, { signal }),
  uploadPart: (store, _, upload, signal) => store.uploadPart(upload, 1, someBytes(10, "part"), { signal }),
  copyPart: (store, key, upload, signal) =>
    store.copyPart(upload, 1, { key, etag: "0", range: { offset: 0, length: 1 } }, { signal }),
  listParts: (store, _, upload, signal) => store.listParts(upload, { signal }),
  completeUpload: (store, _, upload, signal) =>
    store.completeUpload(upload, [{ number: 1, etag: "0", sizeBytes: 1 }], { signal }),
  abortUpload: (store, _, upload, signal) => store.abortUpload(upload, { signal }),
  listUploads: (store, key, _, signal) => store.listUploads(key, { signal }),
};

/** Every call takes a signal. */
export function describeCancellation(suite: StoreUnderTest): void {
  describe("a signal", () => {
    test.each(Object.keys(calls))(
      "that was aborted before stops %s, and nothing has changed",
      async (name) => {
        const store = suite.store();
        const key = suite.key("cancelled");
        const { etag } = await store.put(key, someBytes(100, "before"));
        const upload = await store.createUpload(`${key}-upload`);
        const stopped = calls[name]?.(store, key, upload, AbortSignal.abort());
        await expect(stopped).rejects.toBeInstanceOf(CancelledError);
        expect((await store.head(key))?.etag).toBe(etag);
        expect(await store.listParts(upload)).toEqual([]);
        expect(await store.listUploads(key)).toHaveLength(1);
        await store.abortUpload(upload);
      },
    );

    test("stops reading in the middle of an object", async () => {
      const store = suite.store();
      const key = suite.key("long");
      await store.put(key, someBytes(4_000_000, "long"));
      const stop = new AbortController();
      const body = await store.get(key, { signal: stop.signal });
      const reading = async (): Promise<void> => {
        for await (const chunk of body) if (chunk.length > 0) stop.abort();
      };
      await expect(reading()).rejects.toBeInstanceOf(CancelledError);
    });
  });
}
