import type { Readable } from "node:stream";

import type { OssEndpoint, OssPlace } from "./oss-options.ts";
import type { OssTransport } from "./oss-transport.ts";

/** Response headers in lower case. */
export interface OssResult {
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly data?: Uint8Array;
}

/** What is used of ali-oss. It writes to its option objects: give fresh ones to every call. */
export interface OssClient {
  head(key: string, options: object): Promise<{ readonly res: OssResult }>;
  getStream(
    key: string,
    options: object,
  ): Promise<{ readonly stream: Readable; readonly res: { status: number } & OssResult }>;
  put(key: string, bytes: Buffer, options: object): Promise<{ readonly res: OssResult }>;
  delete(key: string, options: object): Promise<unknown>;
  listV2(query: object, options: object): Promise<OssListing>;
  initMultipartUpload(key: string, options: object): Promise<{ readonly uploadId: string }>;
  uploadPart(
    key: string,
    uploadId: string,
    number: number,
    bytes: Buffer,
    start: number,
    end: number,
    options: object,
  ): Promise<{ readonly etag: string }>;
  uploadPartCopy(
    key: string,
    uploadId: string,
    number: number,
    range: string,
    source: { readonly sourceKey: string; readonly sourceBucketName: string },
    options: object,
  ): Promise<{ readonly res: OssResult }>;
  /** `parts` is an object where there is one part; all numbers and `isTruncated` are strings. */
  listParts(key: string, uploadId: string, query: object, options: object): Promise<OssPartListing>;
  completeMultipartUpload(
    key: string,
    uploadId: string,
    parts: readonly { readonly number: number; readonly etag: string }[],
    options: object,
  ): Promise<{ readonly etag: string | undefined }>;
  abortMultipartUpload(key: string, uploadId: string, options: object): Promise<unknown>;
  listUploads(query: object, options: object): Promise<OssUploadListing>;
  signatureUrlV4(
    method: "GET",
    expiresInSeconds: number,
    request: { readonly queries: Readonly<Record<string, string>> },
    key: string,
  ): Promise<string>;
}

export interface OssListing {
  readonly objects: readonly {
    readonly name: string;
    readonly size: number;
    readonly etag: string;
    readonly lastModified: string;
  }[];
  readonly isTruncated: boolean;
  readonly nextContinuationToken: string | null;
}

export interface OssPart {
  readonly PartNumber: string;
  readonly ETag: string;
  readonly Size: string;
}

export interface OssPartListing {
  readonly parts: readonly OssPart[] | OssPart;
  readonly isTruncated: string;
  readonly nextPartNumberMarker: string;
}

export interface OssUploadListing {
  readonly uploads: readonly {
    readonly name: string;
    readonly uploadId: string;
    readonly initiated: string;
  }[];
  readonly isTruncated: boolean;
  readonly nextKeyMarker: string;
  readonly nextUploadIdMarker: string;
}

type OssConstructor = new (options: object) => OssClient;

/**
 * A client for one call. It holds nothing but options, and is made anew each time because ali-oss has no place for what
 * belongs to one call: its transport (with the call's signal) is a constructor option, and an abort leaves a flag in it.
 */
export async function openOssClient(
  place: OssPlace,
  endpoint: OssEndpoint,
  urllib?: OssTransport,
): Promise<OssClient> {
  const { accessKeyId, accessKeySecret, securityToken } = place.credentials;
  const Client = await ossConstructor();
  return new Client({
    bucket: place.bucket,
    region: place.region,
    endpoint: endpoint.url.origin,
    secure: endpoint.url.protocol === "https:",
    cname: endpoint.cname,
    sldEnable: endpoint.pathStyle,
    // V1 signing is closed for new accounts (2025-03-01) and new buckets (2025-09-01).
    authorizationV4: true,
    accessKeyId,
    accessKeySecret,
    // With a token and no refresh interval ali-oss prints advice to stderr; without a refresh function nothing is refreshed.
    ...(securityToken === undefined ? {} : { stsToken: securityToken, refreshSTSTokenInterval: 300_000 }),
    ...(urllib === undefined ? {} : { urllib }),
  });
}

// Loaded at the first call: it takes half a second, and most commands never speak to OSS.
async function ossConstructor(): Promise<OssConstructor> {
  const { default: loaded } = await import("ali-oss");
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the published types lack `urllib`, `sldEnable` and the shapes told above; the conformance suite holds them
  return loaded as unknown as OssConstructor;
}
