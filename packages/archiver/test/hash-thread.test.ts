import { createHash } from "node:crypto";

import { DigestMismatchError, parseDigest } from "@layaway/oci";
import { expect, test } from "vitest";

import { createBlobVerifier } from "../src/blob-verifier.ts";
import { openHashThread } from "../src/hash-thread.ts";

function sharedBytes(sizeBytes: number): Buffer {
  const bytes = Buffer.from(new SharedArrayBuffer(sizeBytes));
  for (let at = 0; at < sizeBytes; at += 1) bytes[at] = (at * 31) % 251;
  return bytes;
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

test("computes several digests at the same time, each over its own bytes", async () => {
  const thread = openHashThread();
  const bytes = sharedBytes(300_000);
  const [first, second] = [thread.start(), thread.start()];
  await first.update(bytes.subarray(0, 1000));
  await second.update(bytes.subarray(500, 200_000));
  await first.update(bytes.subarray(1000, 300_000));
  expect(await first.digest()).toBe(sha256(bytes));
  expect(await second.digest()).toBe(sha256(bytes.subarray(500, 200_000)));
  thread.close();
});

test("goes on for one user when another one has closed, and begins anew after the last", async () => {
  const bytes = sharedBytes(1000);
  const [stays, leaves] = [openHashThread(), openHashThread()];
  leaves.close();
  const hash = stays.start();
  await hash.update(bytes);
  expect(await hash.digest()).toBe(sha256(bytes));
  stays.close();
  await expect(stays.start().digest()).rejects.toThrow("ended");
  const again = openHashThread();
  const other = again.start();
  await other.update(bytes);
  expect(await other.digest()).toBe(sha256(bytes));
  again.close();
});

test("a blob of other bytes fails on the thread as it does on the event loop", async () => {
  const thread = openHashThread();
  const bytes = sharedBytes(1000);
  const blob = {
    mediaType: "application/vnd.oci.image.layer.v1.tar",
    digest: parseDigest(`sha256:${"0".repeat(64)}`),
    size: bytes.length,
  };
  for (const hash of [thread.start(), undefined]) {
    const verifier = createBlobVerifier(blob, "registry.example.com/a", hash);
    expect(await verifier.take(bytes.subarray(0, 999))).toBe(false);
    await expect(verifier.take(bytes.subarray(999))).rejects.toThrow(DigestMismatchError);
  }
  thread.close();
});
