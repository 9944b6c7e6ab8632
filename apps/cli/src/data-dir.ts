import { homedir } from "node:os";
import { join } from "node:path";

import type { Terminal } from "./terminal.ts";

/** Where the embedded queue keeps its state, unless `LAYAWAY_DATA_DIR` says otherwise: the user's data directory. */
export function dataDirOf(env: Terminal["env"], os: NodeJS.Platform = process.platform): string {
  if (os === "darwin") return join(homedir(), "Library", "Application Support", "layaway");
  return join(env["XDG_DATA_HOME"] || join(homedir(), ".local", "share"), "layaway");
}
