import { ListMultipartUploadsCommand, ListPartsCommand } from "@aws-sdk/client-s3";
import type { CallOptions, ListedUpload, Upload, UploadedPart } from "@layaway/object-store";

import { answered, asS3Call } from "./s3-call.ts";
import { withoutQuotes } from "./s3-context.ts";
import type { S3Context } from "./s3-context.ts";

/** Every part that the store has of an upload, page after page. */
export async function listParts(
  { client, keys, checksums, pageSize }: S3Context,
  upload: Upload,
  { signal }: CallOptions,
): Promise<readonly UploadedPart[]> {
  const what = `PARTS of ${keys.url(upload.key)}`;
  const parts: UploadedPart[] = [];
  let marker: string | undefined;
  do {
    const command = new ListPartsCommand({
      Bucket: keys.bucket,
      Key: keys.toBucket(upload.key),
      UploadId: upload.uploadId,
      MaxParts: pageSize,
      PartNumberMarker: marker,
    });
    const page = await asS3Call({ what, subject: "upload", signal }, (call) => client.send(command, call));
    checksums.learn(upload.uploadId, page.ChecksumAlgorithm);
    for (const part of page.Parts ?? []) {
      parts.push({
        number: answered(part.PartNumber, what, "part number"),
        etag: withoutQuotes(answered(part.ETag, what, "ETag")),
        sizeBytes: answered(part.Size, what, "size"),
        ...(part.ChecksumCRC32 === undefined ? {} : { checksum: part.ChecksumCRC32 }),
      });
    }
    marker =
      page.IsTruncated === true
        ? answered(page.NextPartNumberMarker, what, "marker of the next page")
        : undefined;
  } while (marker !== undefined);
  return parts;
}

/** Every upload that was begun and not ended, page after page. */
export async function listUploads(
  { client, keys, pageSize }: S3Context,
  prefix: string,
  { signal }: CallOptions,
): Promise<readonly ListedUpload[]> {
  const what = `UPLOADS ${keys.url(prefix)}`;
  const uploads: ListedUpload[] = [];
  let keyMarker: string | undefined;
  let idMarker: string | undefined;
  do {
    const command = new ListMultipartUploadsCommand({
      Bucket: keys.bucket,
      Prefix: keys.toBucket(prefix),
      MaxUploads: pageSize,
      KeyMarker: keyMarker,
      UploadIdMarker: idMarker,
    });
    const page = await asS3Call({ what, signal }, (call) => client.send(command, call));
    for (const upload of page.Uploads ?? []) {
      uploads.push({
        key: keys.fromBucket(answered(upload.Key, what, "key")),
        uploadId: answered(upload.UploadId, what, "upload id"),
        ...(upload.Initiated === undefined ? {} : { startedAt: upload.Initiated }),
      });
    }
    keyMarker =
      page.IsTruncated === true ? answered(page.NextKeyMarker, what, "marker of the next page") : undefined;
    idMarker = keyMarker === undefined ? undefined : page.NextUploadIdMarker;
  } while (keyMarker !== undefined);
  return uploads;
}
