import { describe, expect, test } from "vitest";

import { createS3Store } from "../src/index.ts";
import type { S3StoreOptions } from "../src/index.ts";
import { keys } from "./scripted-s3.ts";

async function presigned(
  options: Partial<S3StoreOptions>,
  expiresInSeconds = 60,
  filename?: string,
): Promise<URL> {
  const store = createS3Store({ bucket: "bucket", credentials: keys, checksums: "auto", ...options });
  const named = filename === undefined ? {} : { filename };
  const url = await store.presignGet("team/app.tar", { expiresInSeconds, ...named });
  await store.close();
  return new URL(url ?? "");
}

describe("an object's address", () => {
  test.each([
    [{}, "https://bucket.s3.us-east-1.amazonaws.com/team/app.tar"],
    [
      { region: "eu-central-1", prefix: "/a/b/" },
      "https://bucket.s3.eu-central-1.amazonaws.com/a/b/team/app.tar",
    ],
    [{ endpoint: "http://store.example:9000" }, "http://store.example:9000/bucket/team/app.tar"],
    [
      { endpoint: "http://store.example:9000", pathStyle: false },
      "http://bucket.store.example:9000/team/app.tar",
    ],
    [
      { endpoint: "https://s3.oss-cn-hangzhou.aliyuncs.com" },
      "https://bucket.s3.oss-cn-hangzhou.aliyuncs.com/team/app.tar",
    ],
    [
      { endpoint: "http://10.0.0.1:9000", publicEndpoint: "https://images.example" },
      "https://images.example/bucket/team/app.tar",
    ],
  ])("with %o is %s", async (options, expected) => {
    const url = await presigned(options);
    expect(url.origin + url.pathname).toBe(expected);
  });

  test("for people is the same whatever the endpoint", async () => {
    const store = createS3Store({
      bucket: "bucket",
      prefix: "a/b/",
      endpoint: "http://127.0.0.1:9",
      credentials: keys,
      checksums: "auto",
    });
    expect(store.url("team/app.tar")).toBe("s3://bucket/a/b/team/app.tar");
    await store.close();
  });

  test("holds the time it is good for, at most seven days", async () => {
    expect((await presigned({}, 90)).searchParams.get("X-Amz-Expires")).toBe("90");
    expect((await presigned({}, 30 * 24 * 3600)).searchParams.get("X-Amz-Expires")).toBe("604800");
  });

  test.each([
    ["app.tar", 'attachment; filename="app.tar"'],
    ['a"b\\c\r\n.tar', "attachment; filename=\"a_b_c__.tar\"; filename*=UTF-8''a%22b%5Cc%0D%0A.tar"],
    ["größe.tar", "attachment; filename=\"gr__e.tar\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.tar"],
  ])("names the file %j it is saved as", async (filename, expected) => {
    const url = await presigned({}, 60, filename);
    expect(url.searchParams.get("response-content-disposition")).toBe(expected);
  });
});
