import { ossHeaders, type OssAnswer } from "./oss-front-answers.ts";
import type { Backing } from "./oss-front-backing.ts";
import { Crc64Stream } from "./oss-front-crc64.ts";
import { refusal } from "./oss-front-pass-on.ts";
import { queryOf, s3Headers, type OssRequest } from "./oss-front-request.ts";
import type { OssRefusal } from "./oss-front-signature.ts";

/** GetObject and HeadObject. */
export async function readObject(request: OssRequest, backing: Backing): Promise<OssAnswer | OssRefusal> {
  const { method, bucket, key, headers } = request;
  const query = queryOf(request, "response-content-disposition", "response-content-type");
  const call = { method, bucket, key, query };
  const answer = await backing.call({ ...call, headers: s3Headers(headers) });
  if (answer.statusCode === 416 && headers["x-oss-range-behavior"] !== "standard") {
    // A range that cannot be had is no error for OSS unless the caller asks for the standard behaviour.
    answer.resume();
    const whole = await backing.call(call);
    return { status: 200, headers: ossHeaders(whole.headers), body: whole };
  }
  const status = answer.statusCode ?? 502;
  if (status >= 300 && status !== 304) return await refusal(request, backing, answer);
  return { status, headers: ossHeaders(answer.headers), body: answer };
}

/** PutObject, and UploadPart by its query: the body passes through, and its CRC-64 is told. */
export async function putBody(
  request: OssRequest,
  backing: Backing,
  query: Record<string, string>,
): Promise<OssAnswer | OssRefusal> {
  const { bucket, key, headers } = request;
  if (headers["content-length"] === undefined) {
    return { status: 411, code: "MissingContentLength", message: "You must provide the Content-Length." };
  }
  const crc64 = new Crc64Stream();
  const answer = await backing.call({
    method: "PUT",
    bucket,
    key,
    query,
    headers: { ...s3Headers(headers), "content-length": headers["content-length"] },
    body: { stream: request.body, through: crc64 },
  });
  if (answer.statusCode !== 200) return await refusal(request, backing, answer);
  answer.resume();
  const answered = ossHeaders(answer.headers);
  delete answered["content-type"];
  return {
    status: 200,
    headers: { ...answered, "content-length": "0", "x-oss-hash-crc64ecma": crc64.decimal },
    body: Buffer.alloc(0),
  };
}
