import { CancelledError } from "@layaway/errors";
import { DestinationUnavailableError } from "@layaway/object-store";
import type { ObjectStore } from "@layaway/object-store";
import { describe, expect, test } from "vitest";

import { headersOnly, startScriptedS3, withScriptedS3 } from "./scripted-s3.ts";
import type { Answer } from "./scripted-s3.ts";

const never: Answer = () => undefined;
const upload = { key: "k.tar", uploadId: "id-1" };

async function readAll(store: ObjectStore, signal?: AbortSignal): Promise<number> {
  let read = 0;
  for await (const chunk of await store.get("k.tar", { signal })) read += chunk.length;
  return read;
}

describe("a store that does not answer", () => {
  test("is unavailable after the time without a byte", () =>
    withScriptedS3(
      [never],
      async (store) => {
        await expect(store.head("k.tar")).rejects.toBeInstanceOf(DestinationUnavailableError);
      },
      { idleTimeoutMs: 100 },
    ));

  test.each([
    { what: "joins parts", before: headersOnly(404) },
    { what: "copies a part", before: headersOnly(200, { etag: '"e"' }) },
  ])("has a time of its own while it $what", ({ what, before }) =>
    withScriptedS3(
      [before, never],
      async (store, { seen }) => {
        const range = { offset: 0, length: 10 };
        const call =
          what === "joins parts"
            ? store.completeUpload(upload, [{ number: 1, etag: "e", sizeBytes: 10 }])
            : store.copyPart(upload, 1, { key: "other.tar", etag: "e", range });
        await expect(call).rejects.toBeInstanceOf(DestinationUnavailableError);
        expect(seen.map(({ method }) => method)).toEqual(["HEAD", what === "joins parts" ? "POST" : "PUT"]);
      },
      { idleTimeoutMs: 3_600_000, workTimeoutMs: 100 },
    ),
  );

  test("is unavailable once a part took too long in all", () =>
    withScriptedS3(
      [never],
      async (store) => {
        const sent = store.uploadPart(upload, 1, Buffer.alloc(10));
        await expect(sent).rejects.toBeInstanceOf(DestinationUnavailableError);
      },
      { partTimeoutMs: 100, checksums: "none" },
    ));

  test("is unavailable where nothing listens", async () => {
    const { endpoint, close } = await startScriptedS3(never);
    await close();
    await withScriptedS3(
      [never],
      async (store) => {
        await expect(store.put("k.tar", Buffer.alloc(1))).rejects.toBeInstanceOf(DestinationUnavailableError);
      },
      { endpoint },
    );
  });

  test("is unavailable where it hangs up", () =>
    withScriptedS3(
      [(response) => response.destroy()],
      async (store) => {
        await expect(store.uploadPart(upload, 1, Buffer.alloc(10))).rejects.toBeInstanceOf(
          DestinationUnavailableError,
        );
      },
      { checksums: "none" },
    ));

  test.each(["head", "uploadPart"] as const)("is left at once when %s is cancelled", async (name) => {
    const stop = new AbortController();
    const asked: Answer = () => stop.abort();
    await withScriptedS3(
      [asked],
      async (store) => {
        const { signal } = stop;
        const call =
          name === "head"
            ? store.head("k.tar", { signal })
            : store.uploadPart(upload, 1, Buffer.alloc(10), { signal });
        await expect(call).rejects.toBeInstanceOf(CancelledError);
      },
      { checksums: "none" },
    );
  });

  test("is asked once: trying again is the caller's", () =>
    withScriptedS3([headersOnly(503)], async (store, { seen }) => {
      await expect(store.delete("k.tar")).rejects.toBeInstanceOf(DestinationUnavailableError);
      expect(seen).toHaveLength(1);
    }));
});

describe("an object's body", () => {
  const half: Answer = (response) => {
    response.writeHead(200, { "content-length": "1000", etag: '"e"' });
    response.write(Buffer.alloc(500), () => response.destroy());
  };
  const stalled: Answer = (response) => {
    response.writeHead(200, { "content-length": "1000", etag: '"e"' });
    response.write(Buffer.alloc(500));
  };

  test("that ends early is no success", () =>
    withScriptedS3([half], async (store) => {
      await expect(readAll(store)).rejects.toBeInstanceOf(DestinationUnavailableError);
    }));

  test("that stalls is unavailable after the time without a byte", () =>
    withScriptedS3(
      [stalled],
      async (store) => {
        await expect(readAll(store)).rejects.toBeInstanceOf(DestinationUnavailableError);
      },
      { idleTimeoutMs: 100 },
    ));

  test("that stalls is left at once when cancelled", () =>
    withScriptedS3([stalled], async (store) => {
      const stop = new AbortController();
      const reading = (async (): Promise<void> => {
        for await (const chunk of await store.get("k.tar", { signal: stop.signal })) {
          // Later, when the reader waits for bytes that do not come.
          if (chunk.length > 0) setImmediate(() => stop.abort());
        }
      })();
      await expect(reading).rejects.toBeInstanceOf(CancelledError);
    }));

  test("that is whole where a range was asked for is not taken", () =>
    withScriptedS3([headersOnly(200, { etag: '"e"' })], async (store) => {
      const read = store.get("k.tar", { range: { offset: 5, length: 10 } });
      await expect(read).rejects.toBeInstanceOf(DestinationUnavailableError);
    }));
});
