type Stage = "processes" | "directories";

const stages: Readonly<Record<Stage, Set<() => void>>> = { processes: new Set(), directories: new Set() };
let listening = false;

/**
 * Has `undo` run when this process ends, by itself or by a signal. Processes are ended before directories are removed.
 * Returns how to forget it, for who has done it in good time.
 */
export function atExit(stage: Stage, undo: () => void): () => void {
  listenOnce();
  stages[stage].add(undo);
  return () => stages[stage].delete(undo);
}

function listenOnce(): void {
  if (listening) return;
  listening = true;
  process.once("exit", undoAll);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      // A program that answers the signal itself ends in its own time, after its own clean-up; what that leaves goes at `exit`.
      if (process.listenerCount(signal) > 0) return;
      undoAll();
      // The listener is gone, so that this ends us as it would have without it.
      process.kill(process.pid, signal);
    });
  }
}

function undoAll(): void {
  for (const undo of [...stages.processes, ...stages.directories]) {
    try {
      undo();
    } catch {
      // The others still have to go.
    }
  }
  stages.processes.clear();
  stages.directories.clear();
}
