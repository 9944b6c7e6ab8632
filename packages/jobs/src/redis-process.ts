import { type ChildProcess, spawn } from "node:child_process";
import { InvalidRequestError } from "@layaway/errors";

/** A server in our care: a shell holds it, so that it ends with us however we end. */
export interface RedisProcess {
  readonly pid: number;
  /** Settles with the exit code when the server has ended. */
  readonly ended: Promise<number>;
  /** Asks it to end; it writes its append-only file first. */
  terminate(): void;
}

/**
 * The shell reads a pipe that only we hold open: when we are gone, by SIGKILL too, it ends the server. `detached` keeps both
 * out of reach of a Ctrl-C meant for us, because work that drains still needs its queue.
 * First line: the server's process id, or nothing where none of the commands is there.
 */
const guard = `
names=$1
shift
for name in $names; do
  command -v "$name" >/dev/null 2>&1 || continue
  exec 3<&0
  "$name" "$@" </dev/null >/dev/null 2>&1 3<&- &
  server=$!
  echo "$server"
  { cat <&3 >/dev/null; kill "$server"; } >/dev/null 2>&1 &
  exec 3<&- </dev/null
  wait "$server"
  exit $?
done
exit 127
`;

/** Starts the first of `commands` that is on the `PATH`. Throws `InvalidRequestError` where none is. */
export async function spawnRedis(
  commands: readonly string[],
  args: readonly string[],
  directory: string,
): Promise<RedisProcess> {
  const shell = spawn("/bin/sh", ["-c", guard, "layaway-redis", commands.join(" "), ...args], {
    cwd: directory,
    detached: true,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const pid = await firstLine(shell);
  if (pid === undefined) {
    throw new InvalidRequestError(
      `the embedded queue needs ${commands.join(" or ")}: apt-get install redis-server, or brew install redis, or set REDIS_URL`,
    );
  }
  const ended = new Promise<number>((resolve) => {
    shell.once("exit", (code) => {
      shell.stdin?.destroy();
      resolve(code ?? -1);
    });
  });
  return { pid, ended, terminate: () => void shell.stdin?.destroy() };
}

function firstLine(shell: ChildProcess): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    let text = "";
    shell.once("error", reject);
    shell.once("exit", () => resolve(undefined));
    shell.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("\n")) resolve(Number.parseInt(text, 10));
    });
  });
}
