import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { ObjectNotFoundError } from "@layaway/object-store";
import type { CallOptions, ObjectInfo } from "@layaway/object-store";

import { answered, asS3Call } from "./s3-call.ts";
import { withoutQuotes } from "./s3-context.ts";
import type { S3Context } from "./s3-context.ts";

/** An object's description, or undefined where it is not there. */
export async function headObject(
  { client, keys }: S3Context,
  key: string,
  { signal }: CallOptions,
): Promise<ObjectInfo | undefined> {
  const what = `HEAD ${keys.url(key)}`;
  const command = new HeadObjectCommand({ Bucket: keys.bucket, Key: keys.toBucket(key) });
  try {
    const answer = await asS3Call({ what, signal }, (call) => client.send(command, call));
    return {
      key,
      sizeBytes: answered(answer.ContentLength, what, "Content-Length"),
      etag: withoutQuotes(answered(answer.ETag, what, "ETag")),
      ...(answer.LastModified === undefined ? {} : { lastModified: answer.LastModified }),
      metadata: answer.Metadata ?? {},
    };
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}
