import { isIP } from "node:net";

import { InvalidRequestError } from "@layaway/errors";
import type { Pace } from "@layaway/object-store";

export interface OssCredentials {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Of temporary keys (STS). */
  readonly securityToken?: string;
}

export interface OssStoreOptions {
  readonly bucket: string;
  /** Stands before every key, with a slash between. */
  readonly prefix: string;
  /** `oss-cn-hangzhou` or `cn-hangzhou`. */
  readonly region: string;
  /** Where data is written and read; absent: the region's public one. Without a scheme it is https. */
  readonly endpoint?: string;
  /** What presigned URLs name, where that is another one; absent: `endpoint`. */
  readonly publicEndpoint?: string;
  /**
   * The endpoints outside aliyuncs.com are domains bound to the bucket. New accounts on the mainland need one for data
   * on public endpoints (since 2025-03-20), while the internal endpoint serves as it did.
   */
  readonly cname?: boolean;
  /** The bucket stands in the path, not in the host name; always so where the host is an address. */
  readonly pathStyle?: boolean;
  readonly credentials: OssCredentials;
  /** Bytes per second of each download through a presigned URL, 100 KiB to 100 MiB; unlimited unless given. */
  readonly downloadLimit?: number;
  /** Parts are sent as it allows, two at a time. */
  readonly pace?: Pace | undefined;
  /** Of endpoints without a scheme: `false` means http. */
  readonly secure?: boolean;
  /** Entries per page of listings: 1000, the most OSS gives, where nothing else is said. */
  readonly listPageSize?: number;
}

/** An endpoint as ali-oss takes it. `url` always has its scheme, for ali-oss takes http where none is given. */
export interface OssEndpoint {
  readonly url: URL;
  readonly cname: boolean;
  readonly pathStyle: boolean;
}

/** The options of a store, once checked. */
export interface OssPlace {
  readonly bucket: string;
  /** Empty, or ending with a slash. */
  readonly prefix: string;
  /** With `oss-` in front. */
  readonly region: string;
  readonly endpoint: OssEndpoint;
  readonly publicEndpoint: OssEndpoint;
  readonly credentials: OssCredentials;
  readonly downloadLimit: number | undefined;
  readonly pace: Pace | undefined;
  readonly listPageSize: number;
}

/** Checks the options. Throws InvalidRequestError that names the mistake, never a credential. */
export function parseOssOptions(options: OssStoreOptions): OssPlace {
  const { bucket, credentials } = options;
  const where = `oss://${bucket}`;
  // Bucket names: 3 to 63 characters (OSS, "Bucket naming conventions"; ali-oss lets old ones with _ pass).
  if (!/^[a-z0-9_][a-z0-9_-]{1,61}[a-z0-9_]$/u.test(bucket)) {
    throw new InvalidRequestError(`${JSON.stringify(bucket)} cannot be the name of an OSS bucket`);
  }
  if (!/^[a-z0-9-]+$/u.test(options.region)) {
    throw new InvalidRequestError(`${where}: region ${JSON.stringify(options.region)} is none of OSS`);
  }
  if (credentials.accessKeyId.trim() === "" || credentials.accessKeySecret.trim() === "") {
    throw new InvalidRequestError(`${where}: the access key is empty`);
  }
  const { downloadLimit } = options;
  if (downloadLimit !== undefined && !isTrafficLimit(downloadLimit)) {
    throw new InvalidRequestError(`${where}: downloadLimit is from 102400 to 104857600 bytes per second`);
  }
  const region = `oss-${options.region.replace(/^oss-/u, "")}`;
  const endpoint = parseEndpoint(options.endpoint ?? `https://${region}.aliyuncs.com`, "endpoint", options);
  const { publicEndpoint } = options;
  return {
    bucket,
    prefix: options.prefix.replace(/^\/+|\/+$/gu, "").replace(/(?<=.)$/u, "/"),
    region,
    endpoint,
    publicEndpoint:
      publicEndpoint === undefined ? endpoint : parseEndpoint(publicEndpoint, "publicEndpoint", options),
    credentials,
    downloadLimit,
    pace: options.pace,
    // "ListObjectsV2", "ListParts", "ListMultipartUploads": at most 1000 each.
    listPageSize: options.listPageSize ?? 1000,
  };
}

/** OSS, "Single-connection bandwidth throttling": `x-oss-traffic-limit` is 819200 to 838860800 bits per second. */
function isTrafficLimit(bytesPerSecond: number): boolean {
  return Number.isInteger(bytesPerSecond) && bytesPerSecond >= 102_400 && bytesPerSecond <= 104_857_600;
}

function parseEndpoint(text: string, name: string, options: OssStoreOptions): OssEndpoint {
  const where = `oss://${options.bucket}: ${name}`;
  const hasScheme = /^[a-z]+:\/\//iu.test(text);
  const withScheme = hasScheme ? text : `${options.secure === false ? "http" : "https"}://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  const isBare = url?.pathname === "/" && url.search === "" && url.hash === "";
  if (url === undefined || !isBare || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new InvalidRequestError(`${where} has to be https://HOST or http://HOST`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidRequestError(`${where}: credentials do not belong into a URL`);
  }
  if (url.protocol === "http:" && options.secure === true) {
    throw new InvalidRequestError(`${where} is http, but secure was asked for`);
  }
  const isAddress = isIP(url.hostname) !== 0;
  return {
    url,
    cname: options.cname === true && !url.hostname.endsWith(".aliyuncs.com"),
    pathStyle: options.pathStyle === true || isAddress,
  };
}
