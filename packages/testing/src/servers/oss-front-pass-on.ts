import type { IncomingMessage } from "node:http";

import { ossHeaders, ossXml, refusalOf, type OssAnswer } from "./oss-front-answers.ts";
import { wholeBodyOf, type Backing, type BackingCall } from "./oss-front-backing.ts";
import type { OssRequest } from "./oss-front-request.ts";
import type { OssRefusal } from "./oss-front-signature.ts";

/** An answer whose body is a document. */
export interface OssDocument extends OssAnswer {
  readonly text: string;
}

/** Sends the call on and rewords the document that answers it. */
export async function passOn(
  request: OssRequest,
  backing: Backing,
  rest: Omit<BackingCall, "method" | "bucket" | "key">,
): Promise<OssDocument | OssRefusal> {
  const { method, bucket, key } = request;
  const answer = await backing.call({ method, bucket, key, ...rest });
  const status = answer.statusCode ?? 502;
  if (status >= 300) return await refusal(request, backing, answer);
  const text = (await wholeBodyOf(answer)).toString();
  // Completion may begin its answer before it knows the outcome.
  if (text.includes("<Error>")) return refusalOf(400, text, true);
  const { "content-length": _, ...headers } = ossHeaders(answer.headers);
  return documentOf(status, headers, ossXml(text.trim()));
}

/** What OSS would say where the S3 server refused. */
export async function refusal(
  request: OssRequest,
  backing: Backing,
  answer: IncomingMessage,
): Promise<OssRefusal> {
  const status = answer.statusCode ?? 502;
  const text = (await wholeBodyOf(answer)).toString();
  const isOfUpload = request.query.has("uploadId") && request.headers["x-oss-copy-source"] === undefined;
  if (status === 404 && text === "" && !(await hasBucket(request.bucket, backing))) {
    return { status, code: "NoSuchBucket", message: "The specified bucket does not exist." };
  }
  return refusalOf(status, text, isOfUpload);
}

export function documentOf(status: number, headers: OssAnswer["headers"], text: string): OssDocument {
  return { status, headers, text, body: Buffer.from(text) };
}

async function hasBucket(bucket: string, backing: Backing): Promise<boolean> {
  const answer = await backing.call({ method: "HEAD", bucket, key: "" });
  answer.resume();
  return answer.statusCode === 200;
}
