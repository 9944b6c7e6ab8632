import type { Terminal } from "./terminal.ts";

/** The one JSON document that `--json` promises on stdout. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
}
