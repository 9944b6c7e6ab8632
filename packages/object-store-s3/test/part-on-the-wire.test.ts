import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { crc32 } from "node:zlib";

import { describe, expect, test } from "vitest";

import { completed, created, headersOnly, withScriptedS3, xml } from "./scripted-s3.ts";

const bytes = Buffer.from("the bytes of a part");
const sum = Buffer.alloc(4);
sum.writeUInt32BE(crc32(bytes));
const checksum = sum.toString("base64");
const stored = headersOnly(200, { etag: '"part-1"' });
const absent = headersOnly(404);

describe("a part on the wire", () => {
  test("is a plain body with a length, unsigned, and asks for no permission to send", () =>
    withScriptedS3(
      [stored],
      async (store, { seen }) => {
        const part = await store.uploadPart({ key: "k.tar", uploadId: "id-1" }, 7, bytes);
        expect(part).toEqual({ number: 7, etag: "part-1", sizeBytes: bytes.length });
        const [request] = seen;
        expect(request?.url).toMatch(/^\/bucket\/a\/b\/k\.tar\?partNumber=7&uploadId=id-1/u);
        expect(request?.body).toBe(bytes.toString());
        expect(request?.headers).toMatchObject({
          "content-length": String(bytes.length),
          "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        });
        for (const header of [
          "expect",
          "transfer-encoding",
          "content-encoding",
          "x-amz-trailer",
          "x-amz-checksum-crc32",
        ]) {
          expect(request?.headers[header]).toBeUndefined();
        }
      },
      { checksums: "none" },
    ));

  test("is the same where it is sent no faster than it may: a length, no chunks, the checksum of the whole", () =>
    withScriptedS3(
      [created("CRC32"), stored],
      async (store, { seen }) => {
        const upload = await store.createUpload("k.tar");
        await store.uploadPart(upload, 1, bytes);
        expect(seen[1]?.body).toBe(bytes.toString());
        expect(seen[1]?.headers).toMatchObject({
          "content-length": String(bytes.length),
          "x-amz-checksum-crc32": checksum,
          "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
        });
        expect(seen[1]?.headers["transfer-encoding"]).toBeUndefined();
      },
      { pace: () => Promise.resolve(3) },
    ));

  test("ends where its call is cancelled while it waits for its pace", () =>
    withScriptedS3(
      [stored],
      async (store) => {
        const cancelling = new AbortController();
        const sent = store.uploadPart({ key: "k.tar", uploadId: "id-1" }, 7, bytes, cancelling);
        setTimeout(() => cancelling.abort(), 50);
        await expect(sent).rejects.toMatchObject({ code: "cancelled" });
      },
      {
        checksums: "none",
        pace: (_, signal) =>
          new Promise((_resolve, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason));
          }),
      },
    ));

  test("may be held back for longer than a connection may be idle otherwise", () =>
    withScriptedS3(
      [stored],
      async (store, { seen }) => {
        await store.uploadPart({ key: "k.tar", uploadId: "id-1" }, 7, bytes);
        expect(seen[0]?.body).toBe(bytes.toString());
      },
      {
        checksums: "none",
        idleTimeoutMs: 100,
        pace: (upToBytes) => delay(300, Math.min(upToBytes, 10)),
      },
    ));

  test("waits for its first bytes without a connection, and for its turn where two are under way", () => {
    const turns: (() => void)[] = [];
    return withScriptedS3(
      [stored],
      async (store, server) => {
        const parts = [1, 2, 3].map((number) =>
          store.uploadPart({ key: "k.tar", uploadId: "id-1" }, number, Buffer.from(bytes)),
        );
        await delay(50);
        expect(turns).toHaveLength(2);
        expect(server.connections()).toBe(0);
        while (server.seen.length < 3) {
          turns.shift()?.();
          await delay(5);
        }
        expect((await Promise.all(parts)).map(({ number }) => number)).toEqual([1, 2, 3]);
      },
      {
        checksums: "none",
        pace: (upToBytes) => new Promise((resolve) => turns.push(() => resolve(upToBytes))),
      },
    );
  });

  test("that is refused early leaves no connection behind, and takes nothing more of its pace", async () => {
    let open = 0;
    let taken = 0;
    const server = createServer((incoming, response) => {
      incoming.once("data", () => response.writeHead(503).end());
    });
    server.on("connection", (socket) => {
      open += 1;
      socket.on("close", () => (open -= 1));
    });
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : 0);
      });
    });
    await withScriptedS3(
      [stored],
      async (store) => {
        const sent = store.uploadPart({ key: "k.tar", uploadId: "id-1" }, 1, Buffer.alloc(1 << 20));
        await expect(sent).rejects.toMatchObject({ code: "destination_unavailable" });
        const takenUntilThen = taken;
        await delay(100);
        expect(open).toBe(0);
        expect(taken).toBe(takenUntilThen);
      },
      {
        checksums: "none",
        endpoint: `http://127.0.0.1:${port}`,
        pace: async (upToBytes) => {
          taken += 1;
          return delay(20, Math.min(upToBytes, 10_000));
        },
      },
    );
    await new Promise((resolve) => server.close(resolve));
  });

  test("carries a CRC32 where the store repeated the algorithm, and the completion gives it back", () =>
    withScriptedS3([created("CRC32"), stored, absent, completed], async (store, { seen }) => {
      const upload = await store.createUpload("k.tar");
      const part = await store.uploadPart(upload, 1, bytes);
      expect(part.checksum).toBe(checksum);
      expect(await store.completeUpload(upload, [part])).toEqual({ etag: "whole-1" });
      const [create, put, , complete] = seen;
      expect(create?.headers["x-amz-checksum-algorithm"]).toBe("CRC32");
      expect(put?.headers["x-amz-checksum-crc32"]).toBe(checksum);
      expect(put?.headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
      expect(complete?.body).toContain(`<ChecksumCRC32>${checksum}</ChecksumCRC32>`);
    }));

  test("is plain where the store said nothing of the algorithm", () =>
    withScriptedS3([created(), stored, absent, completed], async (store, { seen }) => {
      const upload = await store.createUpload("k.tar");
      const part = await store.uploadPart(upload, 1, bytes);
      await store.completeUpload(upload, [part]);
      expect(part.checksum).toBeUndefined();
      expect(seen[1]?.headers["x-amz-checksum-crc32"]).toBeUndefined();
      expect(seen[3]?.body).not.toContain("Checksum");
    }));

  test.each([
    { checksums: "crc32" as const, algorithm: "CRC32", sent: checksum },
    { checksums: "none" as const, algorithm: undefined, sent: undefined },
  ])("does as it was told with checksums $checksums", ({ checksums, algorithm, sent }) =>
    withScriptedS3(
      [created(), stored],
      async (store, { seen }) => {
        const upload = await store.createUpload("k.tar");
        await store.uploadPart(upload, 1, bytes);
        expect(seen[0]?.headers["x-amz-checksum-algorithm"]).toBe(algorithm);
        expect(seen[1]?.headers["x-amz-checksum-crc32"]).toBe(sent);
      },
      { checksums },
    ),
  );

  test("of an upload that another process began does as the store's list of parts says", () => {
    const listed = xml(
      200,
      "<ListPartsResult><IsTruncated>false</IsTruncated><ChecksumAlgorithm>CRC32</ChecksumAlgorithm></ListPartsResult>",
    );
    return withScriptedS3([listed, stored], async (store, { seen }) => {
      const upload = { key: "k.tar", uploadId: "id-1" };
      expect((await store.uploadPart(upload, 1, bytes)).checksum).toBe(checksum);
      expect((await store.uploadPart(upload, 2, bytes)).checksum).toBe(checksum);
      expect(seen.map(({ method }) => method)).toEqual(["GET", "PUT", "PUT"]);
    });
  });

  test("goes over a connection that is kept, and never over more than allowed", () =>
    withScriptedS3(
      [stored],
      async (store, server) => {
        const upload = { key: "k.tar", uploadId: "id-1" };
        const numbers = Array.from({ length: 12 }, (_, index) => index + 1);
        await Promise.all(numbers.map((number) => store.uploadPart(upload, number, Buffer.alloc(3_000_000))));
        await store.uploadPart(upload, 13, bytes);
        expect(server.connections()).toBeLessThanOrEqual(3);
      },
      { checksums: "none", connections: 3 },
    ));
});
