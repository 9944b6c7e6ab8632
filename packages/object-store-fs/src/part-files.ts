import { randomBytes, randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { open, readdir, truncate } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

import type { UploadedPart } from "@layaway/object-store";

import { removeRecord, writeRecord, type PartRecord } from "./part-records.ts";

/** Gives a part's bytes, piece after piece. */
export type PartBytes = () => AsyncIterable<Uint8Array>;

/**
 * Writes a part into its slot and records it. `wasCompleted` is thrown where the data file already has a second name:
 * it is a visible object then, and nobody may write to it.
 */
export async function writePart(
  uploadFolder: string,
  part: { readonly number: number; readonly sizeBytes: number; readonly slotBytes: number },
  bytes: PartBytes,
  wasCompleted: () => Error,
): Promise<UploadedPart> {
  const { number, sizeBytes, slotBytes } = part;
  await removeRecord(uploadFolder, number);
  const handle = await open(
    dataPath(uploadFolder, slotBytes),
    constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW,
    0o644,
  );
  try {
    let at = (number - 1) * slotBytes;
    for await (const piece of bytes()) {
      if ((await handle.stat()).nlink > 1) throw wasCompleted();
      at += await writeAll(handle, piece, at);
    }
    await handle.datasync();
  } finally {
    await handle.close();
  }
  const etag = randomBytes(16).toString("hex");
  await writeRecord(uploadFolder, { number, etag, sizeBytes, slotBytes });
  return { number, etag, sizeBytes };
}

/** The slot size that the upload's parts go by: the widest so far, as only the last part is shorter than the others. */
export async function widestSlot(uploadFolder: string): Promise<number> {
  const names = await readdir(uploadFolder);
  return Math.max(0, ...names.flatMap((name) => /^data-(\d+)$/u.exec(name)?.slice(1).map(Number) ?? []));
}

/**
 * One file with the bytes of these parts. Where they stand without a gap in one data file, that file is it, and no byte
 * moves a second time; else they are joined.
 */
export async function joinedFile(
  uploadFolder: string,
  parts: readonly PartRecord[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const [first] = parts;
  const totalBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  if (first !== undefined && standInOneRow(parts, first.slotBytes)) {
    const file = dataPath(uploadFolder, first.slotBytes);
    await truncate(file, totalBytes);
    return file;
  }
  const file = join(uploadFolder, `joined-${randomUUID()}`);
  const target = await open(file, "wx", 0o644);
  try {
    let at = 0;
    for (const part of parts) {
      signal?.throwIfAborted();
      const path = dataPath(uploadFolder, part.slotBytes);
      for await (const piece of fileRange(path, (part.number - 1) * part.slotBytes, part.sizeBytes)) {
        at += await writeAll(target, piece, at);
      }
    }
  } finally {
    await target.close();
  }
  return file;
}

/** A range of a file, in pieces that are valid until the next one is asked for. */
export async function* fileRange(
  path: string,
  offset: number,
  length: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const buffer = new Uint8Array(Math.min(length, 1024 * 1024));
    for (let done = 0; done < length;) {
      const wanted = Math.min(buffer.length, length - done);
      const { bytesRead } = await handle.read(buffer, 0, wanted, offset + done);
      if (bytesRead === 0) throw new Error(`file ended ${length - done} bytes early`);
      yield buffer.subarray(0, bytesRead);
      done += bytesRead;
    }
  } finally {
    await handle.close();
  }
}

function standInOneRow(parts: readonly PartRecord[], slotBytes: number): boolean {
  return parts.every(
    (part, index) =>
      part.number === index + 1 &&
      part.slotBytes === slotBytes &&
      (part.sizeBytes === slotBytes || index === parts.length - 1),
  );
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  for (let done = 0; done < bytes.length;) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
  return bytes.length;
}

function dataPath(uploadFolder: string, slotBytes: number): string {
  return join(uploadFolder, `data-${slotBytes}`);
}
