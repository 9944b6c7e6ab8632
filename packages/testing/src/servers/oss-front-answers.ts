import type { IncomingHttpHeaders } from "node:http";

import type { OssRefusal } from "./oss-front-signature.ts";

/** An answer in OSS' form. */
export interface OssAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | NodeJS.ReadableStream;
}

/** The headers of an S3 answer in OSS' names. */
export function ossHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const answer: Record<string, string> = { "x-oss-object-type": "Normal", server: "AliyunOSS" };
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value !== "string") continue;
    if (name === "etag") answer["etag"] = upperCaseEtag(value);
    else if (name.startsWith("x-amz-meta-")) answer[name.replace("x-amz-", "x-oss-")] = value;
    else if (passedOn.has(name)) answer[name] = value;
  }
  return answer;
}

const passedOn = new Set([
  "accept-ranges",
  "cache-control",
  "content-disposition",
  "content-length",
  "content-range",
  "content-type",
  "last-modified",
]);

/** An S3 document as OSS words it: the elements have the same names, except for what is told here. */
export function ossXml(s3Xml: string): string {
  return s3Xml
    .replaceAll(/ xmlns="[^"]*"/gu, "")
    .replaceAll(
      /<ETag>([^<]*)<\/ETag>/gu,
      (_, etag: string) => `<ETag>${upperCaseEtag(etag.replaceAll("&quot;", '"'))}</ETag>`,
    )
    .replaceAll("<StorageClass>STANDARD</StorageClass>", "<StorageClass>Standard</StorageClass>")
    .replaceAll("</Key><LastModified>", "</Key><Type>Normal</Type><LastModified>");
}

/** The next marker that S3 leaves out of its first listing and OSS does not. */
export function withNextMarker(ossListing: string): string {
  if (elementOf(ossListing, "IsTruncated") !== "true" || ossListing.includes("<NextMarker>"))
    return ossListing;
  const lastKey = [...ossListing.matchAll(/<Key>([^<]*)<\/Key>/gu)].at(-1)?.[1] ?? "";
  return ossListing.replace("</ListBucketResult>", `<NextMarker>${lastKey}</NextMarker></ListBucketResult>`);
}

/** The error of an S3 answer in OSS' words. Ceph says NoSuchKey where the upload is what is missing. */
export function refusalOf(status: number, s3Xml: string, isOfUpload: boolean): OssRefusal {
  const code = elementOf(s3Xml, "Code") ?? (status === 404 ? "NoSuchKey" : `Status${status}`);
  const message = elementOf(s3Xml, "Message") ?? "";
  return { status, code: isOfUpload && code === "NoSuchKey" ? "NoSuchUpload" : code, message };
}

export function refusalXml({ code, message }: OssRefusal, requestId: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escaped(message)}</Message>` +
    `<RequestId>${requestId}</RequestId><HostId>localhost</HostId></Error>`
  );
}

/** The text of the first element of that name, unescaped. */
export function elementOf(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`, "u").exec(xml)?.[1];
  return text
    ?.replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

// OSS writes the hex digits of an ETag in upper case; S3 servers compare in lower case.
function upperCaseEtag(etag: string): string {
  return etag.toUpperCase();
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
