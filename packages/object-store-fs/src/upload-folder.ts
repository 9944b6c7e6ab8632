import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";

import type { ListedUpload, Upload } from "@layaway/object-store";
import { UploadNotFoundError } from "@layaway/object-store";
import { z } from "zod";

import { syncDirectory } from "./directory.ts";
import { undefinedIfAbsent } from "./fs-errors.ts";
import type { Layout } from "./layout.ts";
import type { Description } from "./object-file.ts";
import { writeDurably } from "./part-records.ts";

/** What an upload's folder says of it. */
export interface UploadNote extends Description {
  readonly key: string;
  readonly startedAt: string;
}

const noteSchema = z.object({
  key: z.string(),
  startedAt: z.iso.datetime(),
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
});

const noteName = "upload.json";

/** Begins an upload: its folder appears with its note or not at all. */
export async function createUploadFolder(layout: Layout, note: UploadNote): Promise<Upload> {
  const uploadId = randomUUID();
  await mkdir(layout.temporary, { recursive: true, mode: 0o755 });
  await mkdir(layout.uploads, { recursive: true, mode: 0o755 });
  const unfinished = join(layout.temporary, uploadId);
  await mkdir(unfinished, { mode: 0o755 });
  await writeDurably(join(unfinished, noteName), JSON.stringify(note));
  await rename(unfinished, layout.uploadPath(uploadId));
  await syncDirectory(layout.uploads);
  return { key: note.key, uploadId };
}

/** The note of an upload that was begun. Throws UploadNotFoundError. */
export async function readUploadNote(layout: Layout, upload: Upload): Promise<UploadNote> {
  const note = await readNote(layout, upload.uploadId);
  if (note === undefined || note.key !== upload.key) throw uploadNotFound(upload);
  return note;
}

export async function listUploadFolders(layout: Layout, prefix: string): Promise<readonly ListedUpload[]> {
  const uploadIds = (await readdir(layout.uploads).catch(undefinedIfAbsent)) ?? [];
  const uploads: ListedUpload[] = [];
  for (const uploadId of uploadIds) {
    const note = await readNote(layout, uploadId);
    if (note?.key.startsWith(prefix) === true) {
      uploads.push({ key: note.key, uploadId, startedAt: new Date(note.startedAt) });
    }
  }
  return uploads.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
}

/** Moved out of sight in one step first, so that no half-removed upload is ever found. */
export async function removeUploadFolder(layout: Layout, upload: Upload): Promise<void> {
  const removed = join(layout.temporary, randomUUID());
  await mkdir(layout.temporary, { recursive: true, mode: 0o755 });
  try {
    await rename(layout.uploadPath(upload.uploadId), removed);
  } catch (error) {
    return undefinedIfAbsent(error);
  }
  await rm(removed, { recursive: true, force: true });
}

export function uploadNotFound(upload: Upload): UploadNotFoundError {
  return new UploadNotFoundError(`${upload.key}: no upload ${upload.uploadId} (completed or aborted)`);
}

async function readNote(layout: Layout, uploadId: string): Promise<UploadNote | undefined> {
  const path = join(layout.uploadPath(uploadId), noteName);
  const text = await readFile(path, "utf8").catch(undefinedIfAbsent);
  return text === undefined ? undefined : noteSchema.parse(JSON.parse(text));
}
