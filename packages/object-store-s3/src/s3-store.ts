import { createPacer, type ObjectStore, type StoreLimits } from "@layaway/object-store";

import { keySpace } from "./key-space.ts";
import type { PacedBodies } from "./pace-parts.ts";
import { partChecksums } from "./part-checksums.ts";
import { presigner } from "./presign.ts";
import { createClient } from "./s3-client.ts";
import { objectCalls } from "./s3-objects.ts";
import type { S3StoreOptions } from "./s3-options.ts";
import { uploadCalls } from "./s3-uploads.ts";

const mebibyte = 1024 * 1024;

/** "Amazon S3 multipart upload limits", S3 User Guide; UploadPartCopy: a range only of a source greater than 5 MB. */
const limits: StoreLimits = {
  minPartBytes: 5 * mebibyte,
  maxPartBytes: 5 * 1024 * mebibyte,
  maxParts: 10_000,
  minCopySourceBytes: 5 * mebibyte + 1,
  maxObjectBytes: 50_000 * 1024 * mebibyte,
};

/**
 * The object store contract over S3 and what speaks its language.
 *
 * An archive comes into being as one multipart upload: parts as Buffers (the SDK hangs on broken streams), made visible by a
 * completion with `If-None-Match: *`. Not every store heeds that header, so the adapter also looks just before.
 */
export function createS3Store(options: S3StoreOptions): ObjectStore {
  const client = createClient(options, options.endpoint);
  // AWS sends white space while it works; not every store does.
  const idleTimeoutMs = options.workTimeoutMs ?? 5 * 60_000;
  const pacedBodies: PacedBodies = new WeakMap();
  const patientClient = createClient({ ...options, idleTimeoutMs }, options.endpoint, pacedBodies);
  const keys = keySpace(options.bucket, options.prefix ?? "");
  const presign = presigner(options, client, keys);
  const context = {
    client,
    patientClient,
    pacing: options.pace === undefined ? undefined : { pacer: createPacer(options.pace), pacedBodies },
    keys,
    checksums: partChecksums(options.checksums),
    partTimeoutMs: options.partTimeoutMs ?? (options.pace === undefined ? 15 * 60_000 : undefined),
    pageSize: options.listPageSize ?? 1000,
  };
  return {
    limits,
    url: (key) => keys.url(key),
    ...objectCalls(context),
    ...uploadCalls(context),
    presignGet: presign.get,
    close: async () => {
      client.destroy();
      patientClient.destroy();
      presign.close();
    },
  };
}
