import { setTimeout as delay } from "node:timers/promises";

import { CancelledError } from "@layaway/errors";
import type { Archive } from "@layaway/ledger";

import type { ApiClient } from "./api-client.ts";
import { archiveLine, isSettled } from "./archive-line.ts";
import type { Terminal } from "./terminal.ts";

const pollEveryMs = 1000;

/**
 * Follows archives until each has ended, and returns them in the order given. What changes is told on stderr: one line
 * per archive that is drawn anew on a terminal, a line per change elsewhere.
 */
export async function watchArchives(
  client: Pick<ApiClient, "get">,
  ids: readonly string[],
  terminal: Terminal,
  options: { readonly quiet: boolean; readonly pollEveryMs?: number },
): Promise<readonly Archive[]> {
  const show = options.quiet
    ? () => {}
    : terminal.stderr.isTTY === true
      ? redrawing(terminal)
      : appending(terminal);
  for (;;) {
    const archives = await Promise.all(ids.map((id) => client.get(id)));
    show(archives);
    if (archives.every(isSettled)) return archives;
    await delay(options.pollEveryMs ?? pollEveryMs, undefined, { signal: terminal.signal }).catch(
      (cause: unknown) => {
        throw new CancelledError("stopped watching; the archives go on", { cause });
      },
    );
  }
}

function redrawing(terminal: Terminal): (archives: readonly Archive[]) => void {
  let drawn = 0;
  return (archives) => {
    const width = terminal.stderr.columns ?? 80;
    const lines = archives.map((archive) => `\u001B[2K${archiveLine(archive).slice(0, width - 1)}\n`);
    terminal.stderr.write((drawn > 0 ? `\u001B[${drawn}A` : "") + lines.join(""));
    drawn = lines.length;
  };
}

function appending(terminal: Terminal): (archives: readonly Archive[]) => void {
  const last = new Map<string, string>();
  return (archives) => {
    for (const archive of archives) {
      const line = archiveLine(archive);
      if (last.get(archive.id) === line) continue;
      last.set(archive.id, line);
      terminal.stderr.write(`${line}\n`);
    }
  };
}
