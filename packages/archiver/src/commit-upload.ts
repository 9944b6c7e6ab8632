import type { ArchivePlan } from "@layaway/archive";
import { InternalError, LayawayError } from "@layaway/errors";
import {
  ObjectConflictError,
  type ObjectInfo,
  type ObjectStore,
  type Upload,
  type UploadedPart,
} from "@layaway/object-store";

import { isArchiveOf } from "./archive-identity.ts";
import { abortUpload } from "./interrupted-upload.ts";
import { type RetryPolicy, retrying } from "./retry.ts";

/**
 * Makes the archive visible, and returns its ETag.
 *
 * The condition "only where nothing stands" makes a second worker harmless; an answer that got lost makes the outcome
 * unknown. So whatever completion says, the object under the key decides: if it is the archive of this plan, then the work
 * is done, whoever did it.
 */
export async function commitUpload(options: {
  readonly store: ObjectStore;
  readonly upload: Upload;
  readonly plan: ArchivePlan;
  readonly parts: readonly UploadedPart[];
  readonly partCount: number;
  readonly overwrite: boolean;
  readonly conflictAdvice: string | undefined;
  readonly retries: RetryPolicy;
  readonly signal: AbortSignal;
}): Promise<{ readonly etag: string }> {
  const { store, upload, plan, parts, signal } = options;
  checkComplete(plan, parts, options.partCount);
  const attempt = async (): Promise<{ readonly etag: string }> => {
    try {
      return await store.completeUpload(upload, parts, { overwrite: options.overwrite, signal });
    } catch (error) {
      if (!(error instanceof LayawayError) || error.code === "cancelled") throw error;
      const standing = await store.head(upload.key, { signal });
      if (standing !== undefined && isArchiveOf(standing, plan)) {
        // Where another worker was first, our upload is still open; where only the answer was lost, it is gone already.
        await abortUpload(store, upload, options.retries);
        return standing;
      }
      if (!(error instanceof ObjectConflictError)) throw error;
      throw conflictAt(store, upload.key, standing, options.conflictAdvice, error);
    }
  };
  return retrying(attempt, options.retries, signal);
}

/** The error for a key under which something else stands. */
export function conflictAt(
  store: ObjectStore,
  key: string,
  standing: ObjectInfo | undefined,
  advice: string | undefined,
  cause?: unknown,
): ObjectConflictError {
  const size = standing === undefined ? "" : ` of ${standing.sizeBytes} bytes`;
  return new ObjectConflictError(
    `another object${size} stands at ${store.url(key)}; it is left as it is${advice === undefined ? "" : `: ${advice}`}`,
    { cause },
  );
}

function checkComplete(plan: ArchivePlan, parts: readonly UploadedPart[], partCount: number): void {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  const inOrder = parts.every((part, index) => part.number === index + 1);
  if (parts.length === partCount && inOrder && sizeBytes === plan.sizeBytes) return;
  throw new InternalError(
    `the upload has ${parts.length} of ${partCount} parts and ${sizeBytes} of ${plan.sizeBytes} bytes; it is not completed`,
  );
}
