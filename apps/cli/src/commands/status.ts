import { CancelledError } from "@layaway/errors";
import type { Archive } from "@layaway/ledger";

import { ApiAnswerError, type ApiClient } from "../api-client.ts";
import { archiveLine } from "../archive-line.ts";
import { parseCount } from "../parse-count.ts";
import { printJson } from "../print-json.ts";
import type { Terminal } from "../terminal.ts";
import { watchArchives } from "../watch-archive.ts";

export interface StatusOptions {
  readonly watch?: true;
  readonly limit: string;
  readonly json?: true;
}

/** `layaway status [ID]`: one archive or the newest ones; with `--watch` until they have ended. */
export async function status(
  id: string | undefined,
  options: StatusOptions,
  client: ApiClient,
  terminal: Terminal,
): Promise<void> {
  const limit = parseCount("--limit", options.limit, 200);
  let archives = id === undefined ? await client.list(limit) : [await client.get(id)];
  if (options.watch === true) {
    const ids = archives.map((archive) => archive.id);
    archives = await watchArchives(client, ids, terminal, { quiet: options.json === true });
  }
  if (options.json === true) printJson(terminal, id === undefined ? archives : archives[0]);
  else if (options.watch !== true || terminal.stderr.isTTY !== true) {
    for (const archive of archives) terminal.stdout.write(`${archiveLine(archive)}\n`);
  }
  if (options.watch === true && id !== undefined) throwIfOneFailed(archives);
}

/** Makes the exit status tell how the archives ended. */
export function throwIfOneFailed(archives: readonly Archive[]): void {
  for (const archive of archives) {
    if (archive.state === "cancelled")
      throw new CancelledError(`${archive.id} (${archive.image}) was cancelled`);
    if (archive.state !== "failed") continue;
    const { code, message } = archive.error ?? {
      code: "internal" as const,
      message: "no reason was recorded",
    };
    throw new ApiAnswerError(code, `${archive.id} (${archive.image}): ${message}`, 200);
  }
}
