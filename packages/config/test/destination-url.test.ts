import { parseDestinationUrl } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { describe, expect, test } from "vitest";

describe("an S3 URL", () => {
  test("names bucket and prefix; the rest has defaults", () => {
    expect(parseDestinationUrl("s3://backup/images/", {})).toEqual({
      kind: "s3",
      bucket: "backup",
      prefix: "images",
      pathStyle: false,
      checksums: "auto",
    });
    expect(parseDestinationUrl("s3://backup", {})).toMatchObject({ prefix: "" });
    expect(parseDestinationUrl("s3://backup/a%20b/c", {})).toMatchObject({ prefix: "a b/c" });
  });

  test("takes its settings as query parameters", () => {
    const query =
      "endpoint=http://127.0.0.1:9000&region=us-east-1&pathStyle=true&checksums=none&publicEndpoint=https%3A%2F%2Fs3.example.com";
    expect(parseDestinationUrl(`s3://backup/images?${query}`, {})).toEqual({
      kind: "s3",
      bucket: "backup",
      prefix: "images",
      endpoint: "http://127.0.0.1:9000",
      region: "us-east-1",
      pathStyle: true,
      checksums: "none",
      publicEndpoint: "https://s3.example.com",
    });
  });

  test("takes what it leaves open from the environment", () => {
    const env = {
      AWS_REGION: "eu-central-1",
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_ENDPOINT_URL_S3: "https://s3.example.com/",
      AWS_ENDPOINT_URL: "https://aws.example.com",
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "secret",
      AWS_SESSION_TOKEN: "token",
    };
    expect(parseDestinationUrl("s3://backup", env)).toEqual({
      kind: "s3",
      bucket: "backup",
      prefix: "",
      region: "eu-central-1",
      endpoint: "https://s3.example.com",
      pathStyle: false,
      checksums: "auto",
      credentials: {
        accessKeyId: "id",
        secretAccessKey: { kind: "value", value: "secret" },
        sessionToken: { kind: "value", value: "token" },
      },
    });
    expect(parseDestinationUrl("s3://backup?region=a&endpoint=https://b.example.com", env)).toMatchObject({
      region: "a",
      endpoint: "https://b.example.com",
    });
    const empty = { AWS_REGION: "", AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "" };
    expect(parseDestinationUrl("s3://backup", empty)).not.toHaveProperty("region");
    expect(parseDestinationUrl("s3://backup", empty)).not.toHaveProperty("credentials");
  });

  test.each([
    ["http://127.0.0.1:9000", true],
    ["http://[::1]:9000", true],
    ["http://localhost:9000", true],
    ["http://minio:9000", true],
    ["https://s3.example.com", false],
  ])("at %s has path style %s unless it says otherwise", (endpoint, pathStyle) => {
    expect(parseDestinationUrl(`s3://backup?endpoint=${endpoint}`, {})).toMatchObject({ pathStyle });
    const other = `s3://backup?endpoint=${endpoint}&pathStyle=${!pathStyle}`;
    expect(parseDestinationUrl(other, {})).toMatchObject({ pathStyle: !pathStyle });
  });
});

describe("an OSS URL", () => {
  test("takes settings from the query and the environment", () => {
    const env = {
      OSS_ACCESS_KEY_ID: "id",
      OSS_ACCESS_KEY_SECRET: "secret",
      OSS_SESSION_TOKEN: "token",
      OSS_REGION: "cn-beijing",
      OSS_ENDPOINT: "oss-cn-beijing-internal.aliyuncs.com",
    };
    expect(
      parseDestinationUrl("oss://partner/apps?cname=true&publicEndpoint=https://images.example.cn", env),
    ).toEqual({
      kind: "oss",
      bucket: "partner",
      prefix: "apps",
      region: "oss-cn-beijing",
      endpoint: "https://oss-cn-beijing-internal.aliyuncs.com",
      publicEndpoint: "https://images.example.cn",
      cname: true,
      pathStyle: false,
      credentials: {
        accessKeyId: "id",
        accessKeySecret: { kind: "value", value: "secret" },
        securityToken: { kind: "value", value: "token" },
      },
    });
  });

  test("tells the region by the endpoint where it is Alibaba's own", () => {
    expect(
      parseDestinationUrl("oss://partner?endpoint=https://oss-cn-hangzhou-internal.aliyuncs.com", {}),
    ).toMatchObject({
      region: "oss-cn-hangzhou",
    });
    expect(parseDestinationUrl("oss://partner?endpoint=oss-cn-hangzhou.aliyuncs.com", {})).toMatchObject({
      region: "oss-cn-hangzhou",
    });
    expect(parseDestinationUrl("oss://partner?endpoint=https://oss.example.com", {})).not.toHaveProperty(
      "region",
    );
  });
});

test("a file URL names an absolute directory", () => {
  expect(parseDestinationUrl("file:///srv/images%20old", {})).toEqual({
    kind: "fs",
    directory: "/srv/images old",
  });
});

test.each([
  ["backup/images"],
  ["http://backup.example.com/canary"],
  ["s3://"],
  ["s3:///prefix"],
  ["s3://b"],
  ["s3://user:canary@backup/images"],
  ["s3://canary@backup/images"],
  ["s3://backup:9000/images"],
  ["s3://backup/images#canary"],
  ["s3://backup/../etc"],
  ["s3://backup/a/%2e%2e/b"],
  ["s3://backup/a%2f..%2fb"],
  ["s3://backup/a//b"],
  ["s3://backup/a%00b"],
  ["s3://backup/a%5cb"],
  ["s3://backup/%zz"],
  [`s3://backup/${"a".repeat(513)}`],
  ["s3://backup?endpoint=127.0.0.1:9000"],
  ["s3://backup?endpoint=ftp://example.com"],
  ["s3://backup?endpoint=https://user:canary@example.com"],
  ["s3://backup?endpoint=https://example.com/?token=canary"],
  ["s3://backup?region="],
  ["s3://backup?region=a&region=b"],
  ["s3://backup?pathStyle=yes"],
  ["s3://backup?checksums=md5"],
  ["s3://backup?secretAccessKey=canary"],
  ["s3://backup?secretAccessKeyFile=/canary"],
  ["s3://backup?cname=true"],
  ["oss://backup?checksums=none"],
  ["file://images"],
  ["file:///images?region=a"],
  ["file:///images%2Fa"],
])("%s is refused, and its words are not repeated", (url) => {
  const attempt = (): unknown => parseDestinationUrl(url, {});
  expect(attempt).toThrow(InvalidRequestError);
  expect(attempt).not.toThrow(/canary/u);
});

test("an endpoint in the environment is checked too, and named by its variable", () => {
  expect(() => parseDestinationUrl("s3://backup", { AWS_ENDPOINT_URL_S3: "canary" })).toThrow(
    /^AWS_ENDPOINT_URL_S3: is not a URL/u,
  );
});

test("every mistake of a URL is told at once", () => {
  expect(() => parseDestinationUrl("s3://backup?pathStyle=yes&colour=red", {})).toThrow(
    "destination.pathStyle: must be true or false; destination.colour: is no parameter of s3:// URLs",
  );
});
