import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { DestinationUnavailableError, ObjectNotFoundError } from "@layaway/object-store";
import type { ByteRange, ListPage, ObjectStore } from "@layaway/object-store";

import { headObject } from "./head-object.ts";
import { objectBody } from "./object-body.ts";
import { refuseTaken, whereKnown } from "./only-if-absent.ts";
import { answered, asS3Call } from "./s3-call.ts";
import { withoutQuotes, withQuotes } from "./s3-context.ts";
import type { S3Context } from "./s3-context.ts";

/** The calls about whole objects. */
export function objectCalls(
  context: S3Context,
): Pick<ObjectStore, "head" | "get" | "put" | "list" | "delete"> {
  const { client, keys, pageSize } = context;
  const at = (key: string): { Bucket: string; Key: string } => ({
    Bucket: keys.bucket,
    Key: keys.toBucket(key),
  });

  return {
    head: (key, options = {}) => headObject(context, key, options),

    async get(key, { signal, range, ifMatch } = {}) {
      const what = `GET ${keys.url(key)}`;
      if (range?.length === 0) return nothing();
      const command = new GetObjectCommand({
        ...at(key),
        ...(range === undefined ? {} : { Range: rangeHeader(range) }),
        ...(ifMatch === undefined ? {} : { IfMatch: withQuotes(ifMatch) }),
      });
      const answer = await asS3Call({ what, signal }, (call) => client.send(command, call));
      const body = objectBody(answer.Body, { what, signal, sizeBytes: answer.ContentLength });
      if (range !== undefined && answer.ContentRange?.startsWith(`bytes ${range.offset}-`) !== true) {
        if (answer.Body !== undefined && "destroy" in answer.Body) answer.Body.destroy();
        throw new DestinationUnavailableError(`${what}: the answer is not the range that was asked for`);
      }
      return body;
    },

    async put(key, bytes, { signal, contentType, metadata, ifAbsent = false } = {}) {
      const what = `PUT ${keys.url(key)}`;
      if (ifAbsent) await refuseTaken(context, { key, what, signal });
      const input = { ...at(key), Body: bytes, ContentType: contentType, Metadata: { ...metadata } };
      const answer = await asS3Call({ what, signal }, (call) =>
        whereKnown(ifAbsent ? { IfNoneMatch: "*" } : {}, (condition) =>
          client.send(new PutObjectCommand({ ...input, ...condition }), call),
        ),
      );
      return { etag: withoutQuotes(answered(answer.ETag, what, "ETag")) };
    },

    async list(prefix, { signal, cursor, limit } = {}): Promise<ListPage> {
      const what = `LIST ${keys.url(prefix)}`;
      const command = new ListObjectsV2Command({
        Bucket: keys.bucket,
        Prefix: keys.toBucket(prefix),
        MaxKeys: limit ?? pageSize,
        ContinuationToken: cursor,
      });
      const answer = await asS3Call({ what, signal }, (call) => client.send(command, call));
      const objects = (answer.Contents ?? []).map((object) => ({
        key: keys.fromBucket(object.Key),
        sizeBytes: object.Size ?? 0,
        etag: withoutQuotes(object.ETag ?? ""),
        ...(object.LastModified === undefined ? {} : { lastModified: object.LastModified }),
      }));
      if (answer.IsTruncated !== true) return { objects };
      return { objects, nextCursor: answered(answer.NextContinuationToken, what, "token of the next page") };
    },

    async delete(key, { signal } = {}) {
      const what = `DELETE ${keys.url(key)}`;
      const command = new DeleteObjectCommand(at(key));
      try {
        await asS3Call({ what, signal }, (call) => client.send(command, call));
      } catch (error) {
        if (!(error instanceof ObjectNotFoundError)) throw error;
      }
    },
  };
}

/** Both ends of HTTP's range are part of it. */
export function rangeHeader({ offset, length }: ByteRange): string {
  return `bytes=${offset}-${offset + length - 1}`;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
