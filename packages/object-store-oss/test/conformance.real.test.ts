import { text } from "node:stream/consumers";

import { objectStoreConformance } from "@layaway/object-store/conformance";
import { DestinationDeniedError, type ObjectStore } from "@layaway/object-store";
import { createOssStore, type OssCredentials } from "@layaway/object-store-oss";
import {
  describeWithServers,
  startOssFront,
  startSwift,
  type RunningOss,
  type RunningS3,
} from "@layaway/testing";
import { afterAll, beforeAll, expect, test, vi } from "vitest";

import { openOssClient } from "../src/oss-client.ts";
import { parseOssOptions } from "../src/oss-options.ts";
import { openConnections } from "../src/oss-transport.ts";

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
    differing: {
      readonly bucket?: string;
      readonly secret?: string;
      readonly endpoint?: string;
      readonly downloadLimit?: number;
    } = {},
  ) => {
    if (oss === undefined) throw new Error("the front was not started");
    const { accessKeyId, accessKeySecret } = oss.keys;
    const store = createOssStore({
      bucket: differing.bucket ?? "archives",
      prefix: "team/a",
      region: oss.region,
      endpoint: differing.endpoint ?? oss.endpoint,
      pathStyle: true,
      ...(differing.downloadLimit === undefined ? {} : { downloadLimit: differing.downloadLimit }),
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

  test("takes a presigned URL with a limit of the download", async () => {
    const { store } = await open({ downloadLimit: 1_000_000 });
    await store.put("limited", Buffer.from("bytes"));
    const url = (await store.presignGet("limited", { expiresInSeconds: 60 })) ?? "";
    expect(await (await fetch(url)).text()).toBe("bytes");
    // It stands under the signature: nobody can take it away.
    const response = await fetch(url.replace(/x-oss-traffic-limit=\d+/u, "x-oss-traffic-limit=838860800"));
    expect(response.status).toBe(403);
    await store.close();
  });

  test("works with temporary keys, without a word from ali-oss, and is refused with another token", async () => {
    if (swift === undefined) throw new Error("Swift was not started");
    const warn = vi.spyOn(console, "warn");
    const keys = { accessKeyId: "STS.id", accessKeySecret: "temporary-secret", securityToken: "token+/=" };
    const front = await startOssFront({ s3: swift, keys });
    const storeWith = (credentials: OssCredentials): ObjectStore =>
      createOssStore({
        bucket: "archives",
        prefix: "",
        region: front.region,
        endpoint: front.endpoint,
        pathStyle: true,
        credentials,
      });
    const store = storeWith(keys);
    await store.put("temporary", Buffer.from("bytes"));
    const url = (await store.presignGet("temporary", { expiresInSeconds: 60 })) ?? "";
    expect(await (await fetch(url)).text()).toBe("bytes");
    const late = storeWith({ ...keys, securityToken: "another" });
    await expect(late.head("temporary")).rejects.toBeInstanceOf(DestinationDeniedError);
    const wrong = storeWith({ ...keys, accessKeyId: "STS.other" });
    await expect(wrong.head("temporary")).rejects.toBeInstanceOf(DestinationDeniedError);
    expect(warn).not.toHaveBeenCalled();
    await Promise.all([store.close(), late.close(), wrong.close(), front.stop()]);
  });

  test("the front tells the CRC-64 of what is put, and forgives ranges as OSS does", async () => {
    if (oss === undefined) throw new Error("the front was not started");
    const { endpoint, region, keys } = oss;
    const options = { bucket: "archives", prefix: "", region, endpoint, pathStyle: true, credentials: keys };
    const place = parseOssOptions(options);
    const connections = openConnections({ plainHttp: true });
    const transport = connections.transportFor({ signal: undefined, inactivityMs: 10_000 });
    const client = await openOssClient(place, place.endpoint, transport);
    const { res } = await client.put("check", Buffer.from("123456789"), {});
    // The check value of CRC-64/XZ (reveng's catalogue), in decimal.
    expect(res.headers["x-oss-hash-crc64ecma"]).toBe(BigInt("0x995dc9bbdf1939fa").toString());
    const beyond = await client.getStream("check", { headers: { Range: "bytes=100-200" } });
    expect(beyond.res.status).toBe(200);
    expect(await text(beyond.stream)).toBe("123456789");
    connections.close();
  });
});
