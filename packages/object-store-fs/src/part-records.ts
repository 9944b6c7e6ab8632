import { mkdir, open, readdir, readFile, rename, unlink } from "node:fs/promises";
import { join } from "node:path";

import { z } from "zod";

import { syncDirectory } from "./directory.ts";
import { undefinedIfAbsent } from "./fs-errors.ts";

/** A part that is wholly on disk: `sizeBytes` bytes at slot `number` of the data file with slots of `slotBytes`. */
export interface PartRecord {
  readonly number: number;
  readonly etag: string;
  readonly sizeBytes: number;
  readonly slotBytes: number;
}

const recordSchema = z.object({
  number: z.int().min(1),
  etag: z.string(),
  sizeBytes: z.int().min(0),
  slotBytes: z.int().min(1),
});

/** Writes a part's record: beside its place, synced, then renamed, so that a record is whole or not there. */
export async function writeRecord(uploadFolder: string, record: PartRecord): Promise<void> {
  const folder = await recordsFolder(uploadFolder);
  const unfinished = join(folder, `${record.number}.${record.etag}.tmp`);
  await writeDurably(unfinished, JSON.stringify(record));
  await rename(unfinished, recordPath(folder, record.number));
  await syncDirectory(folder);
}

/** Forgets a part before its bytes are written anew: a crash in between must leave no part rather than a mixed one. */
export async function removeRecord(uploadFolder: string, number: number): Promise<void> {
  const folder = await recordsFolder(uploadFolder);
  await unlink(recordPath(folder, number)).catch(undefinedIfAbsent);
  await syncDirectory(folder);
}

/** Every recorded part, in order of numbers. */
export async function readRecords(uploadFolder: string): Promise<readonly PartRecord[]> {
  const folder = join(uploadFolder, "parts");
  const names = (await readdir(folder).catch(undefinedIfAbsent)) ?? [];
  const records: PartRecord[] = [];
  for (const name of names.filter((each) => each.endsWith(".json"))) {
    const text = await readFile(join(folder, name), "utf8").catch(undefinedIfAbsent);
    if (text !== undefined) records.push(recordSchema.parse(JSON.parse(text)));
  }
  return records.sort((a, b) => a.number - b.number);
}

export async function writeDurably(path: string, bytes: string | Uint8Array): Promise<void> {
  const handle = await open(path, "wx", 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function recordsFolder(uploadFolder: string): Promise<string> {
  const folder = join(uploadFolder, "parts");
  await mkdir(folder, { mode: 0o755 }).catch((error: unknown) => {
    if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
  });
  return folder;
}

function recordPath(folder: string, number: number): string {
  return join(folder, `${number}.json`);
}
