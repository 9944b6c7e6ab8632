import { withNextMarker, type OssAnswer } from "./oss-front-answers.ts";
import type { Backing } from "./oss-front-backing.ts";
import { putBody, readObject } from "./oss-front-objects.ts";
import { documentOf, passOn } from "./oss-front-pass-on.ts";
import { queryOf, s3Headers, type OssRequest } from "./oss-front-request.ts";
import type { OssRefusal } from "./oss-front-signature.ts";
import type { Turns } from "./oss-front-turns.ts";
import { completeUpload, copyPart } from "./oss-front-uploads.ts";

/** One call of OSS done on the S3 server behind; a refusal where OSS would refuse. */
export async function answerOss(
  request: OssRequest,
  backing: Backing,
  turns: Turns,
): Promise<OssAnswer | OssRefusal> {
  const { method, key, query } = request;
  if (key === "") return await answerForBucket(request, backing);
  const isOfUpload = query.has("uploadId");
  switch (`${method}${isOfUpload ? " upload" : ""}`) {
    case "HEAD":
    case "GET":
      return await readObject(request, backing);
    case "PUT":
      return await turns.ifAllowed(request, () => putBody(request, backing, {}));
    case "DELETE":
      return await passOn(request, backing, {});
    case "POST":
      return await passOn(request, backing, { query: { uploads: "" }, headers: s3Headers(request.headers) });
    case "PUT upload":
      return request.headers["x-oss-copy-source"] === undefined
        ? await putBody(request, backing, queryOf(request, "partNumber", "uploadId"))
        : await copyPart(request, backing);
    case "GET upload":
      return await passOn(request, backing, {
        query: queryOf(request, "uploadId", "max-parts", "part-number-marker"),
      });
    case "POST upload":
      return await turns.ifAllowed(request, () => completeUpload(request, backing));
    case "DELETE upload":
      return await passOn(request, backing, { query: queryOf(request, "uploadId") });
    default:
      return notImplemented;
  }
}

async function answerForBucket(request: OssRequest, backing: Backing): Promise<OssAnswer | OssRefusal> {
  const { method, query } = request;
  if (method === "PUT" && query.size === 0) return await passOn(request, backing, {});
  if (method !== "GET") return notImplemented;
  const names = query.has("uploads")
    ? ["uploads", "prefix", "key-marker", "upload-id-marker", "max-uploads", "delimiter", "encoding-type"]
    : query.has("list-type")
      ? ["list-type", "prefix", "start-after", "continuation-token", "max-keys", "delimiter", "encoding-type"]
      : ["prefix", "marker", "max-keys", "delimiter", "encoding-type"];
  const answer = await passOn(request, backing, { query: queryOf(request, ...names) });
  if ("code" in answer || query.has("uploads") || query.has("list-type")) return answer;
  return documentOf(answer.status, answer.headers, withNextMarker(answer.text));
}

const notImplemented: OssRefusal = {
  status: 501,
  code: "NotImplemented",
  message: "This front does not know the call.",
};
