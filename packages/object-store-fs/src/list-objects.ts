import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

import type { ListedObject, ListPage } from "@layaway/object-store";

import { undefinedIfAbsent } from "./fs-errors.ts";
import { ownFolder, type Layout } from "./layout.ts";
import { etagOf } from "./object-file.ts";

/** One page of the objects below `prefix`, in the order of their keys' bytes, as buckets list them. The cursor is the last key. */
export async function listObjects(
  layout: Layout,
  prefix: string,
  options: {
    readonly cursor?: string | undefined;
    readonly limit: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<ListPage> {
  const objects: ListedObject[] = [];
  for await (const object of objectsBelow(layout, "", prefix, options.cursor ?? "")) {
    options.signal?.throwIfAborted();
    const last = objects.at(-1);
    if (objects.length === options.limit && last !== undefined) return { objects, nextCursor: last.key };
    objects.push(object);
  }
  return { objects };
}

async function* objectsBelow(
  layout: Layout,
  folderKey: string,
  prefix: string,
  after: string,
): AsyncGenerator<ListedObject, void, undefined> {
  const folder = join(layout.root, folderKey);
  const entries = (await readdir(folder, { withFileTypes: true }).catch(undefinedIfAbsent)) ?? [];
  const places = entries
    .filter((entry) => folderKey !== "" || entry.name !== ownFolder)
    .filter((entry) => entry.isFile() || entry.isDirectory())
    // A folder sorts as its objects do, with the slash: `a.tar` stands before `a/b`.
    .map((entry) => ({
      isFolder: entry.isDirectory(),
      key: folderKey + entry.name + (entry.isDirectory() ? "/" : ""),
    }))
    .sort((a, b) => compareKeys(a.key, b.key));
  for (const { isFolder, key } of places) {
    const mayHold = key.startsWith(prefix) || (isFolder && prefix.startsWith(key));
    const isPast = compareKeys(key, after) > 0 || (isFolder && after.startsWith(key));
    if (!mayHold || !isPast) continue;
    if (isFolder) {
      yield* objectsBelow(layout, key, prefix, after);
    } else {
      const stats = await lstat(join(layout.root, key), { bigint: true }).catch(undefinedIfAbsent);
      if (stats !== undefined) {
        yield { key, sizeBytes: Number(stats.size), etag: etagOf(stats), lastModified: stats.mtime };
      }
    }
  }
}

function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
