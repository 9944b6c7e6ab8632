import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { InvalidRequestError } from "@layaway/errors";

import { processIdentity } from "./process-identity.ts";

/** A directory that belongs to this process as long as it lives. */
export interface DirectoryLock {
  release(): void;
}

const fileName = "layaway.lock";

/**
 * Takes a directory for this process, by a file that names it; one that a dead process left behind is taken over.
 * Throws `InvalidRequestError` where a living one has it, this one included, or where it cannot be written.
 */
export function lockDirectory(directory: string): DirectoryLock {
  const path = join(directory, fileName);
  const own = `${process.pid}\n${processIdentity(process.pid) ?? ""}\n`;
  // Once more after the file of a dead process was removed.
  for (let tries = 0; tries < 2; tries += 1) {
    if (create(path, own)) return { release: () => rmSync(path, { force: true }) };
    const [pid = "", identity = ""] = read(path).split("\n");
    if (identity !== "" && processIdentity(Number(pid)) === identity) {
      throw new InvalidRequestError(`data directory ${directory} is in use by process ${pid}`);
    }
    rmSync(path, { force: true });
  }
  throw new InvalidRequestError(`data directory ${directory} is in use by another process`);
}

function create(path: string, own: string): boolean {
  try {
    writeFileSync(path, own, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    const code = error instanceof Error ? String(Reflect.get(error, "code") ?? "") : "";
    if (code === "EEXIST") return false;
    throw new InvalidRequestError(`data directory cannot be written: ${path}: ${code}`);
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
