import { CancelledError, errorReportOf, LayawayError } from "@layaway/errors";
import { CommanderError } from "commander";

import { ApiAnswerError } from "./api-client.ts";
import { type ExitCode, exitCodeOf } from "./exit-code.ts";
import { createProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** Runs one command line and returns its exit status; every error becomes one line on stderr. */
export async function run(args: readonly string[], terminal: Terminal): Promise<ExitCode> {
  try {
    await createProgram(terminal).parseAsync(args, { from: "user" });
    return 0;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const error =
      terminal.signal.aborted && !isOurs(thrown)
        ? new CancelledError("interrupted", { cause: thrown })
        : thrown;
    const { code, message } = errorReportOf(error);
    terminal.stderr.write(`layaway: ${code}: ${message}\n`);
    if (!isOurs(error)) terminal.stderr.write(`${traceOf(error)}\n`);
    if (terminal.signal.aborted) return 130;
    return exitCodeOf(code, error instanceof ApiAnswerError ? error.status : undefined);
  }
}

function isOurs(error: unknown): boolean {
  return error instanceof LayawayError;
}

/** Only for what should never happen: whoever reports it needs to say where. */
function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
