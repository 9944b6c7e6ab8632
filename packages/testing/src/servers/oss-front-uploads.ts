import { createHash } from "node:crypto";

import { elementOf, type OssAnswer } from "./oss-front-answers.ts";
import { wholeBodyOf, type Backing } from "./oss-front-backing.ts";
import { passOn } from "./oss-front-pass-on.ts";
import { queryOf, type OssRequest } from "./oss-front-request.ts";
import type { OssRefusal } from "./oss-front-signature.ts";

/** UploadPartCopy. */
export async function copyPart(request: OssRequest, backing: Backing): Promise<OssAnswer | OssRefusal> {
  const { headers } = request;
  const source = decodeURIComponent(String(headers["x-oss-copy-source"])).replace(/^\//u, "");
  const slash = source.indexOf("/");
  const bucket = source.slice(0, slash);
  const key = source.slice(slash + 1);
  const found = await backing.call({ method: "HEAD", bucket, key });
  found.resume();
  if (found.statusCode !== 200) {
    return { status: 404, code: "NoSuchKey", message: "The source object does not exist." };
  }
  // Checked here, because not every S3 server heeds the condition on part copies.
  const wanted = headers["x-oss-copy-source-if-match"];
  if (wanted !== undefined && unquoted(String(wanted)) !== unquoted(found.headers.etag ?? "")) {
    return { status: 412, code: "PreconditionFailed", message: "At least one condition did not hold." };
  }
  const range = headers["x-oss-copy-source-range"];
  return await passOn(request, backing, {
    query: queryOf(request, "partNumber", "uploadId"),
    headers: {
      "content-length": "0",
      "x-amz-copy-source": `/${encodeURIComponent(bucket)}/${key.split("/").map(encodeURIComponent).join("/")}`,
      ...(range === undefined ? {} : { "x-amz-copy-source-range": String(range) }),
    },
  });
}

/** CompleteMultipartUpload. */
export async function completeUpload(request: OssRequest, backing: Backing): Promise<OssAnswer | OssRefusal> {
  // 10,000 parts of about 100 bytes each.
  const body = await wholeBodyOf(request.body, 2 * 1024 * 1024);
  const md5 = request.headers["content-md5"];
  if (md5 !== undefined && createHash("md5").update(body).digest("base64") !== md5) {
    return { status: 400, code: "InvalidDigest", message: "The Content-MD5 you specified is invalid." };
  }
  const parts = [...body.toString().matchAll(/<Part>(.*?)<\/Part>/gsu)].map(([part]) => {
    const etag = (elementOf(part, "ETag") ?? "").toLowerCase().replaceAll('"', "&quot;");
    return `<Part><PartNumber>${elementOf(part, "PartNumber") ?? ""}</PartNumber><ETag>${etag}</ETag></Part>`;
  });
  const answer = await passOn(request, backing, {
    query: queryOf(request, "uploadId"),
    body: Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`),
    headers: { "content-type": "application/xml" },
  });
  if ("code" in answer) return answer;
  return { ...answer, headers: { ...answer.headers, etag: elementOf(answer.text, "ETag") ?? "" } };
}

function unquoted(etag: string): string {
  return etag.replaceAll('"', "").toLowerCase();
}
