import { randomUUID } from "node:crypto";
import { lstat, mkdir, rmdir, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import type { ObjectStore } from "@layaway/object-store";
import { ObjectConflictError } from "@layaway/object-store";

import { commitFile, removeSidecar } from "./commit.ts";
import { checkDirectory, makeDirectory, syncDirectory } from "./directory.ts";
import { asStoreCall, undefinedIfAbsent } from "./fs-errors.ts";
import { fsLimits } from "./fs-limits.ts";
import { layoutOf, type Layout } from "./layout.ts";
import { listObjects } from "./list-objects.ts";
import { objectBytes, objectNotFound, readObjectInfo } from "./object-file.ts";
import { writeDurably } from "./part-records.ts";
import { uploadCalls } from "./upload-store.ts";

export interface FsStoreOptions {
  /** Made on the first write where its parent exists. */
  readonly directory: string;
  /** Folders below the directory that all keys lie in. */
  readonly prefix?: string;
}

/**
 * Objects as plain files: the key is the path below the directory, so an archive can be read without Layaway.
 *
 *     DIR/<key>                                     the object
 *     DIR/.layaway-store/meta/<sha256 of key>-<etag>.json   its metadata (`commit.ts` tells how the two stay together)
 *     DIR/.layaway-store/uploads/<id>/upload.json   an upload: key, metadata
 *     DIR/.layaway-store/uploads/<id>/data-<n>      its bytes, part k at (k - 1) * n
 *     DIR/.layaway-store/uploads/<id>/parts/<k>.json  which parts are wholly there, written after their bytes were synced
 *
 * Parts of equal size, as plans cut them, land at their place in the later object: completion links that file to its key
 * and moves no byte twice. Parts of other sizes are joined into a new file. Several processes may use one directory.
 *
 * Throws DestinationDeniedError for a prefix that leaves the directory.
 */
export function createFsStore(options: FsStoreOptions): ObjectStore {
  const directory = resolve(options.directory);
  const layout = layoutOf(directory, options.prefix ?? "");
  return {
    limits: fsLimits,
    url: (key) => pathToFileURL(layout.objectPath(key)).href,

    head: (key, { signal } = {}) =>
      asStoreCall(`look for ${layout.root}/${key}`, signal, async () => {
        const info = await readObjectInfo(layout, key);
        if (info === undefined) await checkDirectory(directory);
        return info;
      }),

    get: (key, { range, ifMatch, signal } = {}) =>
      asStoreCall(`read ${layout.root}/${key}`, signal, async () => {
        const info = await readObjectInfo(layout, key);
        if (info === undefined) {
          await checkDirectory(directory);
          throw objectNotFound(key);
        }
        if (range !== undefined && range.offset >= info.sizeBytes) {
          throw new ObjectConflictError(
            `read ${key}: it has ${info.sizeBytes} bytes, none at ${range.offset}`,
          );
        }
        return objectBytes(layout, key, { range, ifMatch, signal });
      }),

    put: (key, bytes, { ifAbsent = false, contentType, metadata = {}, signal } = {}) =>
      asStoreCall(`write ${layout.root}/${key}`, signal, async () => {
        layout.objectPath(key);
        await makeDirectory(directory);
        await mkdir(layout.temporary, { recursive: true, mode: 0o755 });
        const file = join(layout.temporary, randomUUID());
        try {
          await writeDurably(file, bytes);
          return await commitFile(layout, key, file, { contentType, metadata }, { overwrite: !ifAbsent });
        } finally {
          await unlink(file).catch(undefinedIfAbsent);
        }
      }),

    list: (prefix, { cursor, limit = 1000, signal } = {}) =>
      asStoreCall(`list ${layout.root}/${prefix}`, signal, async () => {
        await checkDirectory(directory);
        return await listObjects(layout, prefix, { cursor, limit, signal });
      }),

    delete: (key, { signal } = {}) =>
      asStoreCall(`delete ${layout.root}/${key}`, signal, () => deleteObject(layout, key)),

    ...uploadCalls(layout, directory),
    presignGet: () => Promise.resolve(undefined),
    close: () => Promise.resolve(),
  };
}

async function deleteObject(layout: Layout, key: string): Promise<void> {
  const path = layout.objectPath(key);
  const stats = await lstat(path, { bigint: true }).catch(undefinedIfAbsent);
  if (stats === undefined || stats.isDirectory()) return;
  await unlink(path).catch(undefinedIfAbsent);
  await syncDirectory(dirname(path)).catch(undefinedIfAbsent);
  await removeSidecar(layout, key, stats);
  // Buckets have no empty folders.
  for (let folder = dirname(path); folder !== layout.root; folder = dirname(folder)) {
    const removed = await rmdir(folder).then(
      () => true,
      () => false,
    );
    if (!removed) return;
  }
}
