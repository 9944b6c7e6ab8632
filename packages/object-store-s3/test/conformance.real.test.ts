import { randomUUID } from "node:crypto";

import { objectStoreConformance } from "@layaway/object-store/conformance";
import type { OpenStore, StoreFeatures } from "@layaway/object-store/conformance";
import { describeWithServers, startCeph, startSwift } from "@layaway/testing";
import type { RunningS3, S3Keys } from "@layaway/testing";
import { afterAll, beforeAll } from "vitest";

import { createS3Store } from "../src/index.ts";

/** Listings come in pages of two, so that every list of the suite has a second page. */
const pageSize = 2;

function conformsOn(name: string, start: () => Promise<RunningS3>, features: StoreFeatures): void {
  let server: RunningS3 | undefined;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  const open = async (bucket: string, keys?: S3Keys): Promise<OpenStore> => {
    if (server === undefined) throw new Error(`${name} was not started`);
    const { endpoint, region } = server;
    const credentials = keys ?? server.keys;
    const prefix = "team a/archives";
    const store = createS3Store({
      bucket,
      prefix,
      endpoint,
      region,
      credentials,
      checksums: "auto",
      listPageSize: pageSize,
    });
    return { store, close: () => store.close() };
  };
  const openFresh = async (keys?: S3Keys): Promise<OpenStore> => {
    const bucket = `bucket-${randomUUID()}`;
    await server?.createBucket(bucket);
    return open(bucket, keys);
  };

  objectStoreConformance({
    name: `the S3 store on ${name}`,
    features,
    open: () => openFresh(),
    openMissing: () => open("layaway-no-such-bucket"),
    openDenied: () => openFresh({ accessKeyId: "NOSUCHKEY", secretAccessKey: "wrong" }),
  });
}

describeWithServers("on Ceph", ["ceph"], () => {
  conformsOn("Ceph", startCeph, {
    conditionalCompletion: "checked",
    conditionalPut: "checked",
    refusesSmallParts: true,
    presign: true,
  });
});

describeWithServers("on Swift", ["swift"], () => {
  conformsOn("Swift", startSwift, {
    conditionalCompletion: "checked",
    conditionalPut: "checked",
    refusesSmallParts: true,
    presign: true,
  });
});
