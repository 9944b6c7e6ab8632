import { CompleteMultipartUploadCommand } from "@aws-sdk/client-s3";
import type { CompleteMultipartUploadCommandOutput } from "@aws-sdk/client-s3";
import { InvalidRequestError } from "@layaway/errors";
import { UploadNotFoundError } from "@layaway/object-store";
import type { CallOptions, Upload, UploadedPart } from "@layaway/object-store";

import { headObject } from "./head-object.ts";
import { refuseTaken, whereKnown } from "./only-if-absent.ts";
import type { Condition } from "./only-if-absent.ts";
import { answered, asS3Call } from "./s3-call.ts";
import { withoutQuotes, withQuotes } from "./s3-context.ts";
import type { S3Context } from "./s3-context.ts";
import { failureOf } from "./s3-failure.ts";
import { listParts } from "./s3-listings.ts";

/**
 * Makes an upload visible under its key.
 *
 * S3 may answer 200 and put an error into the body, after minutes of white space, or end the body early: success is an
 * answer with an ETag and nothing else.
 */
export async function completeUpload(
  context: S3Context,
  upload: Upload,
  parts: readonly UploadedPart[],
  { signal, overwrite = false }: CallOptions & { readonly overwrite?: boolean },
): Promise<{ readonly etag: string }> {
  const { keys, checksums } = context;
  const what = `COMPLETE ${keys.url(upload.key)}`;
  refuseDisorder(parts, what);
  if (!overwrite) await refuseTaken(context, { key: upload.key, what, signal });
  const answer = await asS3Call({ what, subject: "upload", signal }, (call) =>
    whereKnown(overwrite ? {} : { IfNoneMatch: "*" }, (condition) =>
      send(context, upload, parts, condition, call),
    ),
  );
  checksums.forget(upload.uploadId);
  const etag = withoutQuotes(answered(answer.ETag, what, "ETag"));
  if (etag !== "") return { etag };
  // Ceph 16 answers with an empty one.
  return { etag: answered((await headObject(context, upload.key, { signal }))?.etag, what, "ETag") };
}

async function send(
  context: S3Context,
  upload: Upload,
  parts: readonly UploadedPart[],
  condition: Condition,
  call: { readonly abortSignal: AbortSignal },
): Promise<CompleteMultipartUploadCommandOutput> {
  const { patientClient, keys } = context;
  const command = new CompleteMultipartUploadCommand({
    Bucket: keys.bucket,
    Key: keys.toBucket(upload.key),
    UploadId: upload.uploadId,
    MultipartUpload: { Parts: parts.map(completedPart) },
    ...condition,
  });
  try {
    return await patientClient.send(command, call);
  } catch (error) {
    if ((failureOf(error).status ?? 0) >= 500) await throwIfGone(context, upload, call.abortSignal);
    throw error;
  }
}

/** Ceph 16 answers 500 for an upload that is not there; and after a 5xx it is good to know anyway whether to try again. */
async function throwIfGone(context: S3Context, upload: Upload, signal: AbortSignal): Promise<void> {
  try {
    await listParts(context, upload, { signal });
  } catch (error) {
    if (error instanceof UploadNotFoundError) throw error;
  }
}

/** Not every store refuses this, and those that do not would join the parts in the order of the list. */
function refuseDisorder(parts: readonly UploadedPart[], what: string): void {
  const ascending = parts.every((part, index) => part.number > (parts[index - 1]?.number ?? 0));
  if (ascending && parts.length > 0) return;
  throw new InvalidRequestError(
    `${what}: a completion names its parts in ascending order, each once, at least one`,
  );
}

function completedPart(part: UploadedPart): { PartNumber: number; ETag: string; ChecksumCRC32?: string } {
  const named = { PartNumber: part.number, ETag: withQuotes(part.etag) };
  return part.checksum === undefined ? named : { ...named, ChecksumCRC32: part.checksum };
}
