import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { atExit } from "./at-exit.ts";

/** How to start a server and how to see that it is ready. */
export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to this process' environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Takes stdout and stderr; its tail stands in the error when the server does not come up. */
  readonly logFile: string;
  /** Asked again and again until it answers true; throwing counts as false. Without it the process is ready at once. */
  readonly ready?: () => Promise<boolean>;
  readonly readyTimeoutMs?: number;
  /** How long the process may take to end after SIGTERM, before SIGKILL. */
  readonly stopTimeoutMs?: number;
}

/** A server that runs in a process group of its own. */
export interface RunningProcess {
  readonly pid: number;
  readonly logFile: string;
  /** Settles with the exit code, or the name of the signal, when the process has ended. */
  readonly ended: Promise<number | string>;
  /** Sends a signal to the process and to all it started. */
  signal(name: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL for what remains. May be called twice. */
  stop(): Promise<void>;
}

/** Starts a server and waits until it is ready. Whatever happens, it does not outlive this process. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const log = openSync(options.logFile, "a");
  const child = spawn(options.command, options.args, {
    detached: true,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  closeSync(log);
  const running = await runningProcess(child, options);
  try {
    await waitUntilReady(running, options);
  } catch (error) {
    await running.stop();
    throw error;
  }
  return running;
}

/** Whether something accepts connections there: the usual `ready`. */
export function acceptsConnections(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host });
    const answer = (accepted: boolean): void => {
      socket.destroy();
      resolve(accepted);
    };
    socket.once("connect", () => answer(true));
    socket.once("error", () => answer(false));
  });
}

async function runningProcess(child: ChildProcess, options: ProcessOptions): Promise<RunningProcess> {
  const pid = await new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", () => resolve(child.pid ?? -1));
  });
  const signal = (name: NodeJS.Signals): void => void signalGroup(pid, name);
  const forget = atExit("processes", () => signal("SIGKILL"));
  const ended = new Promise<number | string>((resolve) => {
    child.once("exit", (code, name) => resolve(code ?? name ?? "unknown"));
  });
  return {
    pid,
    logFile: options.logFile,
    ended,
    signal,
    async stop(): Promise<void> {
      signal("SIGTERM");
      await Promise.race([ended, pause(options.stopTimeoutMs ?? 5_000, undefined, { ref: false })]);
      // What the server left behind in its group goes too, also where the server itself has ended.
      signal("SIGKILL");
      await ended;
      await groupIsGone(pid);
      forget();
    },
  };
}

async function waitUntilReady(running: RunningProcess, options: ProcessOptions): Promise<void> {
  const { ready, readyTimeoutMs = 20_000 } = options;
  if (ready === undefined) return;
  let exit: number | string | undefined;
  void running.ended.then((how) => (exit = how));
  const deadline = performance.now() + readyTimeoutMs;
  while (performance.now() < deadline) {
    if (await answersTrue(ready)) return;
    if (exit !== undefined) throw new Error(await failure(options, `ended with ${exit}`));
    await pause(50);
  }
  throw new Error(await failure(options, `was not ready within ${readyTimeoutMs} ms`));
}

async function answersTrue(ready: () => Promise<boolean>): Promise<boolean> {
  try {
    return await ready();
  } catch {
    return false;
  }
}

async function failure(options: ProcessOptions, what: string): Promise<string> {
  const lines = (await readFile(options.logFile, "utf8").catch(() => "")).trimEnd().split("\n");
  return `${options.command} ${what}; the last it wrote:\n${lines.slice(-20).join("\n")}`;
}

/** Killed is not yet gone. One second at most: where nobody reaps orphans, their ids stay for good. */
async function groupIsGone(pid: number): Promise<void> {
  for (let waitedMs = 0; waitedMs < 1_000 && signalGroup(pid, 0); waitedMs += 10) await pause(10);
}

function signalGroup(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-pid, name);
  } catch {
    // Nobody of the group is left.
    return false;
  }
}
