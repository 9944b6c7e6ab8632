import { InvalidRequestError } from "@layaway/errors";
import { createOssStore, type OssStoreOptions } from "@layaway/object-store-oss";
import { expect, test } from "vitest";

const options: OssStoreOptions = {
  bucket: "archives",
  prefix: "team/a/",
  region: "oss-cn-hangzhou",
  credentials: { accessKeyId: "id", accessKeySecret: "secret" },
};

/** Where presigned URLs point shows what became of the options. */
async function placeOf(differing: Partial<OssStoreOptions>): Promise<string> {
  const store = createOssStore({ ...options, ...differing });
  const url = new URL((await store.presignGet("k.tar", { expiresInSeconds: 60 })) ?? "");
  return url.origin + url.pathname;
}

test.each<[string, Partial<OssStoreOptions>, string]>([
  [
    "the region's public endpoint over https",
    {},
    "https://archives.oss-cn-hangzhou.aliyuncs.com/team/a/k.tar",
  ],
  [
    "the same for a region without its oss-",
    { region: "cn-hangzhou" },
    "https://archives.oss-cn-hangzhou.aliyuncs.com/team/a/k.tar",
  ],
  [
    "https where an endpoint has no scheme",
    { endpoint: "oss-cn-beijing.aliyuncs.com" },
    "https://archives.oss-cn-beijing.aliyuncs.com/team/a/k.tar",
  ],
  [
    "https where an endpoint has no scheme but a port",
    { endpoint: "oss.example.com:8443" },
    "https://archives.oss.example.com:8443/team/a/k.tar",
  ],
  [
    "http by its scheme",
    { endpoint: "http://oss.example.com" },
    "http://archives.oss.example.com/team/a/k.tar",
  ],
  [
    "http where secure is off",
    { endpoint: "oss.example.com", secure: false },
    "http://archives.oss.example.com/team/a/k.tar",
  ],
  [
    "https by default even where secure is off",
    { secure: false },
    "https://archives.oss-cn-hangzhou.aliyuncs.com/team/a/k.tar",
  ],
  [
    "the bucket in the path where asked",
    { endpoint: "https://oss.example.com", pathStyle: true },
    "https://oss.example.com/archives/team/a/k.tar",
  ],
  [
    "the bucket in the path of an address",
    { endpoint: "http://127.0.0.1:9000" },
    "http://127.0.0.1:9000/archives/team/a/k.tar",
  ],
  [
    "a bound domain as it is",
    { endpoint: "https://images.example.cn", cname: true },
    "https://images.example.cn/team/a/k.tar",
  ],
  [
    "the public endpoint, not the internal one",
    {
      endpoint: "https://oss-cn-hangzhou-internal.aliyuncs.com",
      publicEndpoint: "https://images.example.cn",
      cname: true,
    },
    "https://images.example.cn/team/a/k.tar",
  ],
  ["no prefix", { prefix: "" }, "https://archives.oss-cn-hangzhou.aliyuncs.com/k.tar"],
])("presigned URLs name %s", async (_, differing, place) => {
  expect(await placeOf(differing)).toBe(place);
});

test("people see bucket, prefix and key", () => {
  expect(createOssStore(options).url("k.tar")).toBe("oss://archives/team/a/k.tar");
});

test.each<[string, Partial<OssStoreOptions>]>([
  ["a bucket name that cannot be", { bucket: "Archives/1" }],
  ["a region that cannot be", { region: "oss-cn-hangzhou.aliyuncs.com" }],
  ["an endpoint of another scheme", { endpoint: "ftp://oss.example.com" }],
  ["an endpoint with a path", { endpoint: "https://oss.example.com/archives" }],
  ["an endpoint that is none", { endpoint: "https://" }],
  ["credentials in the endpoint", { endpoint: "https://id:secret@oss.example.com" }],
  ["http where secure was asked for", { endpoint: "http://oss.example.com", secure: true }],
  ["an empty access key", { credentials: { accessKeyId: " ", accessKeySecret: "secret" } }],
])("refuses %s, without telling the secret", (_, differing) => {
  const create = (): unknown => createOssStore({ ...options, ...differing });
  expect(create).toThrow(InvalidRequestError);
  expect(create).not.toThrow(/secret(?!\s*was)/u);
});

test("signed URLs last at most seven days", async () => {
  const store = createOssStore(options);
  const tooLong = store.presignGet("k.tar", { expiresInSeconds: 7 * 24 * 3600 + 1 });
  await expect(tooLong).rejects.toBeInstanceOf(InvalidRequestError);
  expect(await store.presignGet("k.tar", { expiresInSeconds: 7 * 24 * 3600 })).toContain(
    "x-oss-expires=604800",
  );
});

test("presigned URLs carry the limit of downloads, in bits per second, under their signature", async () => {
  const store = createOssStore({ ...options, downloadLimit: 10_000_000 });
  const url = new URL((await store.presignGet("k.tar", { expiresInSeconds: 60 })) ?? "");
  expect(url.searchParams.get("x-oss-traffic-limit")).toBe("80000000");
  for (const downloadLimit of [102_399, 104_857_601, Number.NaN])
    expect(() => createOssStore({ ...options, downloadLimit })).toThrow(InvalidRequestError);
});
