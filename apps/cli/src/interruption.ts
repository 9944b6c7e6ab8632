import type { Terminal } from "./terminal.ts";

const showCursorAndWrapLines = "\u001B[?25h\u001B[?7h";

/** Ctrl-C and SIGTERM: the first one aborts `signal`, so that work is tidied up; the second one ends the process. */
export function createInterruption(options: {
  readonly stderr: Terminal["stderr"];
  readonly exit: (status: 130) => void;
}): { readonly signal: AbortSignal; readonly interrupt: (name: string) => void } {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    interrupt(name) {
      if (!controller.signal.aborted) return controller.abort(new Error(`received ${name}`));
      // Progress bars hide the cursor, and nobody else would show it again.
      if (options.stderr.isTTY === true) options.stderr.write(showCursorAndWrapLines);
      options.exit(130);
    },
  };
}
