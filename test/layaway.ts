import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export const program = fileURLToPath(new URL("../apps/cli/bin/layaway.js", import.meta.url));

/** How one command line ended. */
export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `layaway` process as users start it: from the build, with an environment of its own. */
export interface Started {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Settles with the first line of stdout or stderr that matches. */
  line(pattern: RegExp): Promise<string>;
  kill(signal: NodeJS.Signals): void;
}

export function startLayaway(args: readonly string[], env: Readonly<Record<string, string>> = {}): Started {
  const child = spawn(process.execPath, [program, ...args], {
    env: { PATH: process.env["PATH"] ?? "", HOME: "/nonexistent", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  const watchers: { pattern: RegExp; found: (line: string) => void; gone: (error: Error) => void }[] = [];
  const look = (): void => {
    for (const watcher of watchers) {
      const line = `${text.stdout}\n${text.stderr}`
        .split("\n")
        .find((candidate) => watcher.pattern.test(candidate));
      if (line !== undefined) watcher.found(line);
    }
  };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (chunk: string) => {
      text[name] += chunk;
      look();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (status) => {
      for (const watcher of watchers)
        watcher.gone(new Error(`ended with ${status}\n${text.stdout}\n${text.stderr}`));
      resolve({ status, ...text });
    });
  });
  return {
    pid: child.pid ?? -1,
    ended,
    line: (pattern) =>
      new Promise((found, gone) => {
        watchers.push({ pattern, found, gone });
        look();
      }),
    kill: (signal) => child.kill(signal),
  };
}

/** Runs one command line to its end. */
export function layaway(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return startLayaway(args, env).ended;
}
