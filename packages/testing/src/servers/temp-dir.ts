import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { atExit } from "./at-exit.ts";

/** A directory of one server's own. */
export interface TempDir {
  readonly path: string;
  /** Removes it with all that stands in it. May be called twice. */
  remove(): Promise<void>;
}

/** Makes a fresh directory below the system's temporary one. It is removed when the process ends, should nobody do so before. */
export async function makeTempDir(label: string): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), `layaway-${label}-`));
  const forget = atExit("directories", () => rmSync(path, removing));
  return {
    path,
    async remove(): Promise<void> {
      await rm(path, removing);
      forget();
    },
  };
}

// A server that was just ended may still be writing its last file.
const removing = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 } as const;
