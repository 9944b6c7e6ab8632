import { objectStoreConformance } from "@layaway/object-store/conformance";
import { createOssStore } from "@layaway/object-store-oss";
import {
  describeWithServers,
  startOssFront,
  startSwift,
  type RunningOss,
  type RunningS3,
} from "@layaway/testing";
import { afterAll, beforeAll, expect, test } from "vitest";

describeWithServers("OSS over Swift", ["swift"], () => {
  let swift: RunningS3 | undefined;
  let oss: RunningOss | undefined;

  beforeAll(async () => {
    swift = await startSwift({ minPartBytes: 100 * 1024 });
    oss = await startOssFront({ s3: swift });
    await oss.createBucket("archives");
  });
  afterAll(async () => {
    await oss?.stop();
    await swift?.stop();
  });

  const open = (
    differing: { readonly bucket?: string; readonly secret?: string; readonly endpoint?: string } = {},
  ) => {
    if (oss === undefined) throw new Error("the front was not started");
    const { accessKeyId, accessKeySecret } = oss.keys;
    const store = createOssStore({
      bucket: differing.bucket ?? "archives",
      prefix: "team/a",
      region: oss.region,
      endpoint: differing.endpoint ?? oss.endpoint,
      pathStyle: true,
      // So that the suite's listings go over pages.
      listPageSize: 2,
      credentials: { accessKeyId, accessKeySecret: differing.secret ?? accessKeySecret },
    });
    return Promise.resolve({ store, close: () => store.close() });
  };

  objectStoreConformance({
    name: "OSS",
    features: {
      conditionalCompletion: "atomic",
      conditionalPut: "atomic",
      refusesSmallParts: true,
      presign: true,
    },
    open: () => open(),
    openMissing: () => open({ bucket: "not-there" }),
    openDenied: () => open({ secret: "wrong-secret" }),
  });

  test("works where the endpoint is an address", async () => {
    const { store } = await open();
    await store.put("by-name", Buffer.from("1"));
    await store.close();
    const byAddress = await open({ endpoint: oss?.endpoint.replace("localhost", "127.0.0.1") ?? "" });
    expect(await byAddress.store.head("by-name")).toMatchObject({ sizeBytes: 1 });
    await byAddress.store.close();
  });

  test("refuses a presigned URL once its time is over", async () => {
    if (swift === undefined) throw new Error("Swift was not started");
    let nowMs = Date.now();
    const front = await startOssFront({ s3: swift, now: () => nowMs });
    const { store } = await open({ endpoint: front.endpoint });
    await store.put("presigned", Buffer.from("bytes"));
    const url = (await store.presignGet("presigned", { expiresInSeconds: 60 })) ?? "";
    expect(await (await fetch(url)).text()).toBe("bytes");
    nowMs += 62_000;
    const late = await fetch(url);
    expect([late.status, await late.text()]).toEqual([403, expect.stringContaining("Request has expired")]);
    await store.close();
    await front.stop();
  });
});
