import { UploadPartCopyCommand } from "@aws-sdk/client-s3";
import { ObjectConflictError, ObjectNotFoundError } from "@layaway/object-store";
import type { ByteRange, CallOptions, Upload, UploadedPart } from "@layaway/object-store";

import { headObject } from "./head-object.ts";
import { answered, asS3Call } from "./s3-call.ts";
import { withoutQuotes, withQuotes } from "./s3-context.ts";
import type { S3Context } from "./s3-context.ts";
import { listParts } from "./s3-listings.ts";
import { rangeHeader } from "./s3-objects.ts";

/** Has the store copy a range of another of its objects into an upload. */
export async function copyPart(
  context: S3Context,
  upload: Upload,
  number: number,
  source: { readonly key: string; readonly etag: string; readonly range: ByteRange },
  { signal }: CallOptions,
): Promise<UploadedPart> {
  const { patientClient, keys } = context;
  const what = `COPY ${keys.url(source.key)} to part ${number} of ${keys.url(upload.key)}`;
  await refuseChanged(context, source, what, signal);
  const command = new UploadPartCopyCommand({
    Bucket: keys.bucket,
    Key: keys.toBucket(upload.key),
    UploadId: upload.uploadId,
    PartNumber: number,
    CopySource: copySource(keys.bucket, keys.toBucket(source.key)),
    CopySourceRange: rangeHeader(source.range),
    CopySourceIfMatch: withQuotes(source.etag),
  });
  try {
    const call = { what, signal, timeoutMs: context.partTimeoutMs };
    const { CopyPartResult: result } = await asS3Call(call, (how) => patientClient.send(command, how));
    return {
      number,
      etag: withoutQuotes(answered(result?.ETag, what, "ETag")),
      sizeBytes: source.range.length,
      ...(result?.ChecksumCRC32 === undefined ? {} : { checksum: result.ChecksumCRC32 }),
    };
  } catch (error) {
    // "No such key" may mean the source, which was there just now, or the upload (Ceph 16): this throws for the latter.
    if (error instanceof ObjectNotFoundError) await listParts(context, upload, { signal });
    throw error;
  }
}

/** Ceph 16 passes over `x-amz-copy-source-if-match` where only a part is copied. */
async function refuseChanged(
  context: S3Context,
  source: { readonly key: string; readonly etag: string },
  what: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const info = await headObject(context, source.key, { signal });
  if (info === undefined) throw new ObjectNotFoundError(`${what}: no such object`);
  if (info.etag !== source.etag) throw new ObjectConflictError(`${what}: the source has changed`);
}

/** The header holds a path, escaped as in a URL; what `encodeURIComponent` leaves alone some servers want escaped too. */
function copySource(bucket: string, key: string): string {
  const escape = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/gu,
      (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  return `${bucket}/${key.split("/").map(escape).join("/")}`;
}
