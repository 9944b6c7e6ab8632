import { mkdir, open, stat } from "node:fs/promises";
import { dirname } from "node:path";

import { errnoOf, unknownDirectory } from "./fs-errors.ts";

/**
 * Makes the store's directory where its parent exists: `file:///mnt/usb/images` must not fill the disk under a mount
 * point that is not mounted. Throws DestinationUnknownError otherwise.
 */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o755 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw absenceOf(directory, error);
    await checkIsDirectory(directory);
  }
}

/** For calls that only read: a directory that could still be made counts as empty. */
export async function checkDirectory(directory: string): Promise<void> {
  try {
    await checkIsDirectory(directory);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw absenceOf(directory, error);
    await checkIsDirectory(dirname(directory)).catch((cause: unknown) => {
      throw absenceOf(directory, cause);
    });
  }
}

/** Makes the names in a directory durable (fsync(2): a file's own fsync does not save its name). */
export async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some file systems (CIFS) refuse to sync a directory.
    if (!["EINVAL", "EBADF", "ENOTSUP"].includes(errnoOf(error) ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

async function checkIsDirectory(path: string): Promise<void> {
  const found = await stat(path);
  if (!found.isDirectory()) throw unknownDirectory(path, undefined);
}

function absenceOf(directory: string, error: unknown): unknown {
  const code = errnoOf(error);
  return code === "ENOENT" || code === "ENOTDIR" ? unknownDirectory(directory, error) : error;
}
