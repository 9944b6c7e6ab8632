import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";

import { DestinationDeniedError } from "@layaway/object-store";
import { objectStoreConformance } from "@layaway/object-store/conformance";
import type { OpenStore, StoreFeatures } from "@layaway/object-store/conformance";
import { type RunningS3, type S3Keys, seededBytes } from "@layaway/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createS3Store } from "../src/index.ts";

/** Defines the tests of the S3 store against one kind of server, in buckets of their own. */
export function testStoreOn(name: string, start: () => Promise<RunningS3>, features: StoreFeatures): void {
  let server: RunningS3 | undefined;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  const running = (): RunningS3 => {
    if (server === undefined) throw new Error(`${name} was not started`);
    return server;
  };
  const open = async (bucket: string, credentials: S3Keys): Promise<OpenStore> => {
    const { endpoint, region } = running();
    // A prefix that has to be escaped, and listings in pages of two, so that every list of the suite has a second page.
    const prefix = "team a/archives";
    const store = createS3Store({
      bucket,
      prefix,
      endpoint,
      region,
      credentials,
      checksums: "auto",
      listPageSize: 2,
    });
    return { store, close: () => store.close() };
  };
  const openFresh = async (credentials: S3Keys): Promise<OpenStore> => {
    const bucket = `bucket-${randomUUID()}`;
    await running().createBucket(bucket);
    return open(bucket, credentials);
  };

  objectStoreConformance({
    name: `the S3 store on ${name}`,
    features,
    open: () => openFresh(running().keys),
    openMissing: () => open("layaway-no-such-bucket", running().keys),
    openDenied: () => openFresh(running().strangerKeys),
  });

  test("a part that is sent no faster than it may is a part like any", async () => {
    const bucket = `bucket-${randomUUID()}`;
    await running().createBucket(bucket);
    const { endpoint, region, keys: credentials } = running();
    let allowedBytes = 0;
    const store = createS3Store({
      bucket,
      endpoint,
      region,
      credentials,
      checksums: "auto",
      async pace(upToBytes) {
        await delay(5);
        allowedBytes += Math.min(upToBytes, 100_000);
        return Math.min(upToBytes, 100_000);
      },
    });
    const bytes = seededBytes("paced", 5 << 20);
    const upload = await store.createUpload("paced.tar");
    const startedAt = performance.now();
    const part = await store.uploadPart(upload, 1, bytes);
    expect(performance.now() - startedAt).toBeGreaterThan(53 * 5);
    expect(allowedBytes).toBe(bytes.length);
    await store.completeUpload(upload, [part]);
    const pieces = [];
    for await (const piece of await store.get("paced.tar")) pieces.push(piece);
    expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
    await store.close();
  });

  test.each(["no-such-key", "wrong-secret"])("keys are refused by their error: %s", async (kind) => {
    const { accessKeyId } = running().keys;
    const keys = {
      accessKeyId: kind === "no-such-key" ? "NOSUCHKEY" : accessKeyId,
      secretAccessKey: "wrong",
    };
    const { store, close } = await openFresh(keys);
    await expect(store.createUpload("denied.tar")).rejects.toBeInstanceOf(DestinationDeniedError);
    await expect(store.head("denied.tar")).rejects.toBeInstanceOf(DestinationDeniedError);
    await close();
  });
}
