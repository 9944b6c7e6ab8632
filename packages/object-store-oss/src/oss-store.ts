import type { ObjectStore, StoreLimits } from "@layaway/object-store";

import { openOssCalls, urlOf } from "./oss-calls.ts";
import { objectCalls } from "./oss-objects.ts";
import { parseOssOptions, type OssStoreOptions } from "./oss-options.ts";
import { uploadCalls } from "./oss-uploads.ts";
import { presignGet } from "./presign-get.ts";

/** OSS, "Limits" and "Multipart upload": parts of 100 KB to 5 GB (binary), 10,000 of them, objects of 48.8 TB. */
const limits: StoreLimits = {
  minPartBytes: 100 * 1024,
  maxPartBytes: 5 * 1024 ** 3,
  maxParts: 10_000,
  minCopySourceBytes: 100 * 1024,
  maxObjectBytes: 10_000 * 5 * 1024 ** 3,
};

/**
 * A bucket of Aliyun OSS, through ali-oss with V4 signatures. Every call makes one attempt. What the two checksums of
 * OSS (ETag, CRC-64) say is not compared; TLS carries the bytes, and archives are verified by their digests.
 *
 * Throws InvalidRequestError for options that cannot be.
 */
export function createOssStore(options: OssStoreOptions): ObjectStore {
  const place = parseOssOptions(options);
  const calls = openOssCalls(place);
  return {
    limits,
    url: (key) => urlOf(place, key),
    ...objectCalls(calls),
    ...uploadCalls(calls),
    presignGet: (key, presign) => presignGet(place, key, presign),
    close: () => {
      calls.close();
      return Promise.resolve();
    },
  };
}
