import { checkOssSignature, type OssKeys, type SignedRequest } from "@layaway/testing";
import { expect, test } from "vitest";

// The request that Alibaba Cloud's own SDKs (Go, C++, Python, Swift, Kotlin) test their signers with.
const path = "/bucket/1234%2B-/123/1.txt";
const query = new URLSearchParams(
  "%2Bparam1=value3&%2Bparam2=&param1=value1&param2=&%7Cparam1=value4&%7Cparam2=",
);
const keys: OssKeys = { accessKeyId: "ak", accessKeySecret: "sk" };
const expected = { keys, region: "cn-hangzhou", nowMs: 1_702_743_657_000 };
const plain = signed("20231216T162057Z", "e21d18daa82167720f9b1047ae7e7f1ce7cb77a31e8203a7d5f4624fa0284afe");

test("takes the signature of the SDKs' test vector", () => {
  expect(checkOssSignature(plain, expected)).toBeUndefined();
});

test("takes the signature of their vector with a security token", () => {
  const request = signed(
    "20231217T034736Z",
    "b94a3f999cf85bcdc00d332fbd3734ba03e48382c36fa4d5af5df817395bd9ea",
    { "x-oss-security-token": "token" },
  );
  const temporary = { ...expected, nowMs: 1_702_784_856_000, keys: { ...keys, securityToken: "token" } };
  expect(checkOssSignature(request, temporary)).toBeUndefined();
  const replaced = { ...temporary, keys: { ...keys, securityToken: "another" } };
  expect(checkOssSignature(request, replaced)).toMatchObject({ status: 403, code: "InvalidSecurityToken" });
});

const changes: Readonly<Record<string, SignedRequest>> = {
  "another method": { ...plain, method: "GET" },
  "another key": { ...plain, path: "/bucket/1234%2B-/123/2.txt" },
  "another bucket": { ...plain, path: "/other/1234%2B-/123/1.txt" },
  "another parameter": { ...plain, query: new URLSearchParams([...query, ["uploadId", "1"]]) },
  "another OSS header": { ...plain, headers: { ...plain.headers, "x-oss-forbid-overwrite": "true" } },
  "another content type": { ...plain, headers: { ...plain.headers, "content-type": "text/html" } },
};

test.each(Object.entries(changes))("refuses a signature that was made for %s", (_, request) => {
  expect(checkOssSignature(request, expected)).toMatchObject({ status: 403, code: "SignatureDoesNotMatch" });
});

test("refuses the signature of another secret", () => {
  const other = { ...expected, keys: { ...keys, accessKeySecret: "other" } };
  expect(checkOssSignature(plain, other)).toMatchObject({ status: 403, code: "SignatureDoesNotMatch" });
});

test("refuses a key it does not know", () => {
  const other = { ...expected, keys: { ...keys, accessKeyId: "other" } };
  expect(checkOssSignature(plain, other)).toMatchObject({ status: 403, code: "InvalidAccessKeyId" });
});

test("refuses a request without a V4 signature", () => {
  const anonymous = { ...plain, headers: {} };
  expect(checkOssSignature(anonymous, expected)).toMatchObject({ status: 403, code: "AccessDenied" });
  const ofVersion1 = { ...plain, headers: { authorization: "OSS ak:c2lnbmF0dXJl" } };
  expect(checkOssSignature(ofVersion1, expected)).toMatchObject({ status: 403, code: "AccessDenied" });
});

test("refuses another region than its own", () => {
  const beijing = { ...expected, region: "cn-beijing" };
  expect(checkOssSignature(plain, beijing)).toMatchObject({ status: 400, code: "InvalidArgument" });
});

test("refuses a request that is older than a quarter of an hour", () => {
  const late = { ...expected, nowMs: expected.nowMs + 15 * 60_000 + 1000 };
  expect(checkOssSignature(plain, late)).toMatchObject({ status: 403, code: "RequestTimeTooSkewed" });
});

function signed(date: string, signature: string, more: Record<string, string> = {}): SignedRequest {
  const credential = `ak/${date.slice(0, 8)}/cn-hangzhou/oss/aliyun_v4_request`;
  return {
    method: "PUT",
    path,
    query,
    headers: {
      authorization: `OSS4-HMAC-SHA256 Credential=${credential},Signature=${signature}`,
      "x-oss-date": date,
      "x-oss-content-sha256": "UNSIGNED-PAYLOAD",
      "x-oss-head1": "value",
      abc: "value",
      zabc: "value",
      xyz: "value",
      "content-type": "text/plain",
      ...more,
    },
  };
}
