import { redactConfig } from "@layaway/config";
import { stringify } from "yaml";

import { printJson } from "../print-json.ts";
import { readConfig } from "../read-config.ts";
import type { Terminal } from "../terminal.ts";

/** `layaway config`: the effective configuration, checked and redacted. */
export async function showConfig(
  flags: { readonly config?: string; readonly json?: true },
  terminal: Terminal,
): Promise<void> {
  const config = redactConfig(await readConfig(flags.config, terminal));
  if (flags.json === true) printJson(terminal, config);
  // Tools that read YAML 1.1 take an unquoted 09:00 for a number.
  else terminal.stdout.write(stringify(config, { compat: "yaml-1.1" }));
}
