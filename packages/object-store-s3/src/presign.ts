import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { ObjectStore } from "@layaway/object-store";

import type { KeySpace } from "./key-space.ts";
import { asS3Call } from "./s3-call.ts";
import { createClient } from "./s3-client.ts";
import type { S3StoreOptions } from "./s3-options.ts";

/** Signature version 4 has at most seven days ("Authenticating Requests: Using Query Parameters"). */
const longestSeconds = 7 * 24 * 3600;

/** Signs URLs for who has no keys, under the name by which users reach the store. */
export function presigner(
  options: S3StoreOptions,
  ownClient: S3Client,
  keys: KeySpace,
): { readonly get: ObjectStore["presignGet"]; close(): void } {
  const { publicEndpoint } = options;
  const client = publicEndpoint === undefined ? ownClient : createClient(options, publicEndpoint);
  return {
    get(key, { expiresInSeconds, filename }) {
      const command = new GetObjectCommand({
        Bucket: keys.bucket,
        Key: keys.toBucket(key),
        ...(filename === undefined ? {} : { ResponseContentDisposition: dispositionOf(filename) }),
      });
      const expiresIn = Math.max(1, Math.min(Math.floor(expiresInSeconds), longestSeconds));
      return asS3Call({ what: `presign ${keys.url(key)}` }, () =>
        getSignedUrl(client, command, { expiresIn }),
      );
    },
    close: () => client.destroy(),
  };
}

/** RFC 6266: what is not plain ASCII comes a second time, escaped. */
function dispositionOf(filename: string): string {
  const plain = filename.replace(/[^ -~]|["\\]/gu, "_");
  const extended = plain === filename ? "" : `; filename*=UTF-8''${encodeURIComponent(filename)}`;
  return `attachment; filename="${plain}"${extended}`;
}
