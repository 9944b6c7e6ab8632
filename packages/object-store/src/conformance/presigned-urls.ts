import { describe, expect, test } from "vitest";
import { fingerprint, someBytes } from "./bytes.ts";
import type { StoreUnderTest } from "./store-under-test.ts";

/** `presignGet`: anyone may read the object by a plain GET. */
export function describePresignedUrls(suite: StoreUnderTest): void {
  if (!suite.features.presign) {
    test("a presigned URL is not to be had", async () => {
      expect(await suite.store().presignGet(suite.key("none"), { expiresInSeconds: 60 })).toBeUndefined();
    });
    return;
  }

  describe("a presigned URL", () => {
    test("gives the object's bytes to who has no keys", async () => {
      const store = suite.store();
      const key = suite.key("team/app+x/1.0 beta@sha256-0123.tar");
      const bytes = someBytes(300_000, "presigned");
      await store.put(key, bytes);
      const response = await fetch(await presigned(suite, key));
      expect(response.status).toBe(200);
      expect(fingerprint(new Uint8Array(await response.arrayBuffer()))).toBe(fingerprint(bytes));
    });

    test("answers a range", async () => {
      const key = suite.key("ranged.tar");
      await suite.store().put(key, someBytes(1000, "ranged"));
      const response = await fetch(await presigned(suite, key), { headers: { range: "bytes=10-19" } });
      expect(response.status).toBe(206);
      expect(fingerprint(new Uint8Array(await response.arrayBuffer()))).toBe(
        fingerprint(someBytes(1000, "ranged").subarray(10, 20)),
      );
    });

    test("names the file it is saved as", async () => {
      const key = suite.key("named.tar");
      await suite.store().put(key, someBytes(10, "named"));
      const response = await fetch(await presigned(suite, key, "nginx 1.27.tar"));
      expect(response.headers.get("content-disposition")).toBe('attachment; filename="nginx 1.27.tar"');
      await response.arrayBuffer();
    });

    test("is refused once it was changed", async () => {
      const key = suite.key("changed.tar");
      await suite.store().put(key, someBytes(10, "changed"));
      const url = await presigned(suite, key);
      const response = await fetch(url.replace("changed.tar", "another.tar"));
      expect(response.status).toBe(403);
      await response.arrayBuffer();
    });
  });
}

async function presigned(suite: StoreUnderTest, key: string, filename?: string): Promise<string> {
  const options = filename === undefined ? {} : { filename };
  const url = await suite.store().presignGet(key, { expiresInSeconds: 60, ...options });
  if (url === undefined) throw new Error("the store gives no presigned URL");
  return url;
}
