import { execFile } from "node:child_process";
import { isAbsolute } from "node:path";
import { promisify } from "node:util";
import { findCommand } from "../needs.ts";

const run = promisify(execFile);

/** Runs a command of a server's set-up to its end. The error holds the end of what it wrote. */
export async function runCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  try {
    const { stdout } = await run(commandPath(command), args, {
      env: { ...process.env, ...env },
      timeout: 30_000,
      killSignal: "SIGKILL",
    });
    return stdout;
  } catch (error) {
    const said = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`${command} ${args[0] ?? ""} failed: ${said.slice(-500)}`, { cause: error });
  }
}

/** The path of a command, also of one that only root has on the PATH. */
export function commandPath(command: string): string {
  return isAbsolute(command) ? command : (findCommand(command) ?? command);
}
