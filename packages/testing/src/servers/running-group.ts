import type { RunningProcess } from "./process.ts";
import type { TempDir } from "./temp-dir.ts";

/** The processes of one server of several parts, and the directory they share. */
export interface RunningGroup {
  readonly directory: string;
  /** Adds a process, which is ended before those that were added earlier. */
  add(process: RunningProcess): void;
  stop(): Promise<void>;
}

export function runningGroup(directory: TempDir): RunningGroup {
  const processes: RunningProcess[] = [];
  return {
    directory: directory.path,
    add: (process) => void processes.unshift(process),
    async stop(): Promise<void> {
      for (const process of processes.splice(0)) {
        // Nobody wants the data: no time is given for writing it.
        process.signal("SIGKILL");
        await process.stop();
      }
      await directory.remove();
    },
  };
}

/** Starts a group again, with other ports and a fresh directory, where somebody took its port between look and bind. */
export async function startWithAnotherTry<T>(start: () => Promise<T>): Promise<T> {
  try {
    return await start();
  } catch {
    // What it says the second time is what stands in the way.
    return await start();
  }
}
