import { constants } from "node:fs";
import { lstat, open, readFile } from "node:fs/promises";
import type { BigIntStats } from "node:fs";

import type { ByteRange, ObjectInfo } from "@layaway/object-store";
import { ObjectConflictError, ObjectNotFoundError } from "@layaway/object-store";
import { z } from "zod";

import { storeErrorOf, undefinedIfAbsent } from "./fs-errors.ts";
import type { Layout } from "./layout.ts";

/** What of an object's description the file itself cannot hold. */
export interface Description {
  readonly contentType?: string | undefined;
  readonly metadata: Readonly<Record<string, string>>;
}

const descriptionSchema = z.object({
  contentType: z.string().optional(),
  metadata: z.record(z.string(), z.string()),
});

/** The ETag of a file's present content: its time of writing and its size, so that every change shows. */
export function etagOf(stats: Pick<BigIntStats, "mtimeNs" | "size">): string {
  return `${stats.mtimeNs.toString(16)}-${stats.size.toString(16)}`;
}

export async function readObjectInfo(layout: Layout, key: string): Promise<ObjectInfo | undefined> {
  const stats = await lstat(layout.objectPath(key), { bigint: true }).catch(undefinedIfAbsent);
  if (stats === undefined || !stats.isFile()) return undefined;
  const etag = etagOf(stats);
  const { metadata } = await readDescription(layout.sidecarPath(key, etag));
  return { key, sizeBytes: Number(stats.size), etag, lastModified: stats.mtime, metadata };
}

/** The object's bytes. The file is opened by the first `next`, so a reader that never begins holds nothing open. */
export async function* objectBytes(
  layout: Layout,
  key: string,
  options: {
    readonly range?: ByteRange | undefined;
    readonly ifMatch?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): AsyncGenerator<Uint8Array, void, undefined> {
  const what = `read ${key}`;
  const { range, ifMatch, signal } = options;
  try {
    const handle = await open(layout.objectPath(key), constants.O_RDONLY | constants.O_NOFOLLOW);
    // Of the open file: a name may lead to another one by now.
    if (ifMatch !== undefined && etagOf(await handle.stat({ bigint: true })) !== ifMatch) {
      await handle.close();
      throw new ObjectConflictError(`${what}: it is not the object that was meant`);
    }
    // `createReadStream` closes the handle, also when the reader leaves early.
    const bounds = range === undefined ? {} : { start: range.offset, end: range.offset + range.length - 1 };
    const abort = signal === undefined ? {} : { signal };
    const stream = handle.createReadStream({ ...bounds, ...abort, highWaterMark: 256 * 1024 });
    for await (const piece of stream) {
      if (piece instanceof Uint8Array) yield piece;
    }
  } catch (error) {
    throw storeErrorOf(error, what, signal);
  }
}

/** What is known of a version; a file that came here otherwise (copied in, changed by hand) has no sidecar and no metadata. */
async function readDescription(path: string): Promise<Description> {
  const text = await readFile(path, "utf8").catch(undefinedIfAbsent);
  if (text === undefined) return { metadata: {} };
  return descriptionSchema.parse(JSON.parse(text));
}

export function objectNotFound(key: string): ObjectNotFoundError {
  return new ObjectNotFoundError(`${key}: no such object`);
}
