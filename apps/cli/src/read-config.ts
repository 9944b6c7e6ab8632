import { readFile } from "node:fs/promises";

import { type Config, parseConfig } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";

import type { Terminal } from "./terminal.ts";

/** The configuration of `--config` or `LAYAWAY_CONFIG`, or the defaults where neither is given. */
export async function readConfig(path: string | undefined, terminal: Pick<Terminal, "env">): Promise<Config> {
  const file = path ?? (terminal.env["LAYAWAY_CONFIG"] || undefined);
  return parseConfig(file === undefined ? undefined : await readText(file), terminal.env);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "cannot be read";
    throw new InvalidRequestError(`--config ${file}: ${reason}`, { cause });
  }
}
