import { lstat } from "node:fs/promises";

import { InvalidRequestError } from "@layaway/errors";
import type { ObjectStore, UploadedPart } from "@layaway/object-store";
import { ObjectConflictError, UploadNotFoundError } from "@layaway/object-store";

import { commitFile } from "./commit.ts";
import { makeDirectory } from "./directory.ts";
import { asStoreCall, undefinedIfAbsent } from "./fs-errors.ts";
import { fsLimits } from "./fs-limits.ts";
import type { Layout } from "./layout.ts";
import { etagOf, objectNotFound } from "./object-file.ts";
import { fileRange, joinedFile, widestSlot, writePart, type PartBytes } from "./part-files.ts";
import { readRecords, type PartRecord } from "./part-records.ts";
import { UploadActivity } from "./upload-activity.ts";
import {
  createUploadFolder,
  listUploadFolders,
  readUploadNote,
  removeUploadFolder,
  uploadNotFound,
} from "./upload-folder.ts";

type UploadCalls = Pick<
  ObjectStore,
  "createUpload" | "uploadPart" | "copyPart" | "listParts" | "completeUpload" | "abortUpload" | "listUploads"
>;

/** The multipart half of the store. */
export function uploadCalls(layout: Layout, directory: string): UploadCalls {
  const activity = new UploadActivity();

  const writeNumbered = (
    upload: { readonly key: string; readonly uploadId: string },
    number: number,
    sizeBytes: number,
    bytes: PartBytes,
  ): Promise<UploadedPart> => {
    const gone = (): UploadNotFoundError => uploadNotFound(upload);
    checkPart(upload.key, number, sizeBytes);
    const folder = layout.uploadPath(upload.uploadId);
    return activity.write(
      upload.uploadId,
      sizeBytes,
      async () => {
        await readUploadNote(layout, upload);
        return await widestSlot(folder);
      },
      (slotBytes) => writePart(folder, { number, sizeBytes, slotBytes }, bytes, gone),
      gone,
    );
  };

  return {
    createUpload: (key, { contentType, metadata = {}, signal } = {}) =>
      asStoreCall(`begin upload of ${layout.root}/${key}`, signal, async () => {
        layout.objectPath(key);
        await makeDirectory(directory);
        return await createUploadFolder(layout, {
          key,
          startedAt: new Date().toISOString(),
          metadata,
          ...(contentType === undefined ? {} : { contentType }),
        });
      }),

    uploadPart: (upload, number, bytes, { signal } = {}) =>
      asStoreCall(`write part ${number} of ${layout.root}/${upload.key}`, signal, () =>
        writeNumbered(upload, number, bytes.length, () => slices(bytes, signal)),
      ),

    copyPart: (upload, number, source, { signal } = {}) =>
      asStoreCall(`copy part ${number} of ${layout.root}/${upload.key}`, signal, async () => {
        const path = layout.objectPath(source.key);
        const { offset, length } = source.range;
        const checkSource = async (): Promise<void> => {
          const stats = await lstat(path, { bigint: true }).catch(undefinedIfAbsent);
          if (stats === undefined) throw objectNotFound(source.key);
          if (etagOf(stats) !== source.etag) throw new ObjectConflictError(`${source.key}: changed since`);
          if (length < 1 || offset + length > Number(stats.size)) {
            throw new InvalidRequestError(`${source.key}: cannot copy ${length} bytes at ${offset}`);
          }
        };
        await checkSource();
        const part = await writeNumbered(upload, number, length, () => fileRange(path, offset, length));
        await checkSource();
        return part;
      }),

    listParts: (upload, { signal } = {}) =>
      asStoreCall(`list parts of ${layout.root}/${upload.key}`, signal, async () => {
        await readUploadNote(layout, upload);
        const records = await readRecords(layout.uploadPath(upload.uploadId));
        return records.map(({ number, etag, sizeBytes }) => ({ number, etag, sizeBytes }));
      }),

    completeUpload: (upload, parts, { overwrite = false, signal } = {}) =>
      asStoreCall(`complete ${layout.root}/${upload.key}`, signal, () =>
        activity.end(
          upload.uploadId,
          async () => {
            const note = await readUploadNote(layout, upload);
            const folder = layout.uploadPath(upload.uploadId);
            const chosen = chosenRecords(upload.key, await readRecords(folder), parts);
            const file = await joinedFile(folder, chosen, signal);
            const { contentType, metadata } = note;
            const committed = await commitFile(
              layout,
              upload.key,
              file,
              { contentType, metadata },
              { overwrite },
            );
            await removeUploadFolder(layout, upload);
            return committed;
          },
          () => uploadNotFound(upload),
        ),
      ),

    abortUpload: (upload, { signal } = {}) =>
      asStoreCall(`abort upload of ${layout.root}/${upload.key}`, signal, async () => {
        const end = (): Promise<void> => removeUploadFolder(layout, upload);
        await activity
          .end(upload.uploadId, end, () => uploadNotFound(upload))
          .catch((error: unknown) => {
            if (!(error instanceof UploadNotFoundError)) throw error;
          });
      }),

    listUploads: (prefix, { signal } = {}) =>
      asStoreCall(`list uploads below ${layout.root}/${prefix}`, signal, () =>
        listUploadFolders(layout, prefix),
      ),
  };
}

function checkPart(key: string, number: number, sizeBytes: number): void {
  const { maxParts, maxPartBytes } = fsLimits;
  if (!Number.isInteger(number) || number < 1 || number > maxParts) {
    throw new InvalidRequestError(`part ${number} of ${key}: numbers go from 1 to ${maxParts}`);
  }
  if (sizeBytes < 1 || sizeBytes > maxPartBytes) {
    throw new InvalidRequestError(`part ${number} of ${key}: it has ${sizeBytes} bytes`);
  }
}

/** The records of the parts that were asked for. Throws InvalidRequestError where one is not there as it is named. */
function chosenRecords(
  key: string,
  records: readonly PartRecord[],
  parts: readonly UploadedPart[],
): readonly PartRecord[] {
  const byNumber = new Map(records.map((record) => [record.number, record]));
  const refuse = (why: string): InvalidRequestError => new InvalidRequestError(`complete ${key}: ${why}`);
  if (parts.length === 0) throw refuse("no parts");
  return parts.map((part, index) => {
    const record = byNumber.get(part.number);
    const isInOrder = part.number > (parts[index - 1]?.number ?? 0);
    if (!isInOrder) throw refuse("its parts are not in ascending order");
    if (record?.etag !== part.etag) throw refuse(`part ${part.number} is not the one that was written`);
    return record;
  });
}

// Small enough for a cancelled part to end soon.
async function* slices(bytes: Uint8Array, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const sliceBytes = 4 * 1024 * 1024;
  for (let at = 0; at < bytes.length; at += sliceBytes) {
    signal?.throwIfAborted();
    yield bytes.subarray(at, at + sliceBytes);
  }
}
