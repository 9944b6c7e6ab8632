import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type UploadPartCommandOutput,
} from "@aws-sdk/client-s3";
import { UploadNotFoundError } from "@layaway/object-store";
import type { ObjectStore, Upload } from "@layaway/object-store";

import { completeUpload } from "./complete-upload.ts";
import { crc32Of } from "./part-checksums.ts";
import { copyPart } from "./s3-copy.ts";
import { answered, asS3Call } from "./s3-call.ts";
import { withoutQuotes } from "./s3-context.ts";
import type { S3Context } from "./s3-context.ts";
import { listParts, listUploads } from "./s3-listings.ts";

type UploadCalls = Pick<
  ObjectStore,
  "createUpload" | "uploadPart" | "copyPart" | "listParts" | "completeUpload" | "abortUpload" | "listUploads"
>;

/** The calls about multipart uploads. */
export function uploadCalls(context: S3Context): UploadCalls {
  const { client, keys, checksums } = context;
  const of = (upload: Upload): { Bucket: string; Key: string; UploadId: string } => ({
    Bucket: keys.bucket,
    Key: keys.toBucket(upload.key),
    UploadId: upload.uploadId,
  });

  return {
    async createUpload(key, { signal, contentType, metadata } = {}) {
      const what = `CREATE ${keys.url(key)}`;
      const command = new CreateMultipartUploadCommand({
        Bucket: keys.bucket,
        Key: keys.toBucket(key),
        ContentType: contentType,
        Metadata: { ...metadata },
        ...(checksums.wanted ? { ChecksumAlgorithm: "CRC32" } : {}),
      });
      const answer = await asS3Call({ what, signal }, (call) => client.send(command, call));
      const uploadId = answered(answer.UploadId, what, "upload id");
      checksums.learn(uploadId, answer.ChecksumAlgorithm);
      return { key, uploadId };
    },

    async uploadPart(upload, number, bytes, { signal } = {}) {
      const what = `PART ${number} of ${keys.url(upload.key)}`;
      // A view, not a copy: the SDK writes Buffers as they are.
      const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const checksum = (await takesChecksums(context, upload, signal)) ? crc32Of(body) : undefined;
      const command = new UploadPartCommand({
        ...of(upload),
        PartNumber: number,
        Body: body,
        ContentLength: body.length,
        ...(checksum === undefined ? {} : { ChecksumCRC32: checksum }),
      });
      const call = { what, subject: "upload", signal, timeoutMs: context.partTimeoutMs } as const;
      const answer = await asS3Call(call, (how) => sendPart(context, command, body, how));
      const etag = withoutQuotes(answered(answer.ETag, what, "ETag"));
      return { number, etag, sizeBytes: body.length, ...(checksum === undefined ? {} : { checksum }) };
    },

    copyPart: (upload, number, source, options = {}) => copyPart(context, upload, number, source, options),
    listParts: (upload, options = {}) => listParts(context, upload, options),
    listUploads: (prefix, options = {}) => listUploads(context, prefix, options),

    completeUpload: (upload, parts, options = {}) => completeUpload(context, upload, parts, options),

    async abortUpload(upload, { signal } = {}) {
      const what = `ABORT ${keys.url(upload.key)}`;
      const command = new AbortMultipartUploadCommand(of(upload));
      checksums.forget(upload.uploadId);
      try {
        await asS3Call({ what, subject: "upload", signal }, (call) => client.send(command, call));
      } catch (error) {
        if (!(error instanceof UploadNotFoundError)) throw error;
      }
    },
  };
}

/** A part that has to wait for its pace is signed after that. */
function sendPart(
  { client, patientClient, pacing }: S3Context,
  command: UploadPartCommand,
  body: Buffer,
  how: { readonly abortSignal: AbortSignal },
): Promise<UploadPartCommandOutput> {
  if (pacing === undefined) return client.send(command, how);
  return pacing.pacer.paced(body, how.abortSignal, (pieces) => {
    pacing.pacedBodies.set(body, pieces);
    return patientClient.send(command, how);
  });
}

/** For an upload that another process began, the store's list of its parts says whether they carry checksums. */
async function takesChecksums(
  context: S3Context,
  upload: Upload,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const known = context.checksums.takenBy(upload.uploadId);
  if (known !== undefined) return known;
  await listParts(context, upload, { signal });
  return context.checksums.takenBy(upload.uploadId) ?? false;
}
