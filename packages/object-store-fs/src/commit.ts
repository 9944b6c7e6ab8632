import type { BigIntStats } from "node:fs";
import { link, lstat, mkdir, open, rename, stat, unlink, utimes } from "node:fs/promises";
import { dirname } from "node:path";

import { ObjectConflictError } from "@layaway/object-store";

import { syncDirectory } from "./directory.ts";
import { errnoOf, undefinedIfAbsent } from "./fs-errors.ts";
import type { Layout } from "./layout.ts";
import { etagOf, type Description } from "./object-file.ts";

/**
 * Makes a finished file visible under a key.
 *
 * An object is two files, and no call changes two files at once. So the sidecar bears the version in its name (time of
 * writing and size, the ETag), is written and synced first, and counts for nothing until a file with just that time and
 * size stands under the key. The one visible step is a `link` (fails where the key is taken) or, to overwrite, a
 * `rename`: before it the old state holds, after it the new one with its description. A crash in between leaves a small
 * sidecar that describes nothing. The content is synced before the link, the folder after it, so a name that survives a
 * power failure has its bytes.
 *
 * `file` stays where it is (with `link` it has two names then) for its owner to remove.
 */
export async function commitFile(
  layout: Layout,
  key: string,
  file: string,
  description: Description,
  options: { readonly overwrite: boolean },
): Promise<{ readonly etag: string }> {
  const target = layout.objectPath(key);
  const standing = await lstat(target, { bigint: true }).catch(undefinedIfAbsent);
  if (standing !== undefined && (await isSameFile(file, standing))) return { etag: etagOf(standing) };
  if (standing !== undefined && !options.overwrite) throw keyTaken(key);
  const etag = await claimVersion(layout, key, file, description);
  await syncFile(file);
  try {
    await withFolder(target, () => (options.overwrite ? replace(file, target) : linkOnce(file, target)));
  } catch (error) {
    const winner = await lstat(target, { bigint: true }).catch(undefinedIfAbsent);
    if (winner !== undefined && (await isSameFile(file, winner))) return { etag };
    await unlink(layout.sidecarPath(key, etag)).catch(undefinedIfAbsent);
    throw errnoOf(error) === "EEXIST" ? keyTaken(key) : error;
  }
  await syncDirectory(dirname(target));
  if (standing !== undefined) await removeSidecar(layout, key, standing);
  return { etag };
}

/** Removes the description of a version that is no longer visible. */
export async function removeSidecar(layout: Layout, key: string, version: BigIntStats): Promise<void> {
  await unlink(layout.sidecarPath(key, etagOf(version))).catch(undefinedIfAbsent);
}

// Two versions of a key may have equal sizes and, by a coarse clock, equal times: the exclusively created sidecar makes
// the pair unique, and the later one moves on in time. The time is set by hand, since network file systems give it late.
async function claimVersion(
  layout: Layout,
  key: string,
  file: string,
  description: Description,
): Promise<string> {
  await mkdir(layout.sidecars, { recursive: true, mode: 0o755 });
  for (let timeMs = Date.now(), stepMs = 1; ; timeMs += stepMs, stepMs *= 2) {
    await utimes(file, timeMs / 1000, timeMs / 1000);
    const etag = etagOf(await stat(file, { bigint: true }));
    try {
      const sidecar = await open(layout.sidecarPath(key, etag), "wx", 0o644);
      try {
        await sidecar.writeFile(JSON.stringify({ key, ...description }));
        await sidecar.sync();
      } finally {
        await sidecar.close();
      }
      await syncDirectory(layout.sidecars);
      return etag;
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

// The same upload completed a second time, after a crash behind the link or by a second worker: the work is done.
async function isSameFile(file: string, standing: BigIntStats): Promise<boolean> {
  const own = await stat(file, { bigint: true });
  return own.ino === standing.ino && own.dev === standing.dev;
}

// The folder may vanish between the two calls: `delete` removes folders that it empties.
async function withFolder(target: string, place: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    await makeFolders(dirname(target));
    try {
      return await place();
    } catch (error) {
      if (errnoOf(error) !== "ENOENT" || tried >= 3) throw error;
    }
  }
}

// `mkdir` names the topmost folder it made: from there down, each new name is synced into the folder that holds it.
async function makeFolders(path: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true, mode: 0o755 });
  if (topmost === undefined) return;
  for (let made = path; made.length >= topmost.length; made = dirname(made)) {
    await syncDirectory(dirname(made));
  }
}

async function linkOnce(file: string, target: string): Promise<void> {
  try {
    await link(file, target);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    // Look, then rename: the gap between the two is such a file system's price.
    if ((await lstat(target).catch(undefinedIfAbsent)) !== undefined) throw keyTaken(target);
    await rename(file, target);
  }
}

// Through a second link, so that `file` keeps its name and shows by its link count that it is visible.
async function replace(file: string, target: string): Promise<void> {
  const second = `${file}.visible`;
  await unlink(second).catch(undefinedIfAbsent);
  try {
    await link(file, second);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    return await rename(file, target);
  }
  await rename(second, target).catch(async (error: unknown) => {
    await unlink(second);
    throw error;
  });
}

// FAT and some network file systems have no links.
function hasNoLinks(error: unknown): boolean {
  return ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(errnoOf(error) ?? "");
}

function keyTaken(key: string): ObjectConflictError {
  return new ObjectConflictError(`${key}: an object stands there already`);
}
