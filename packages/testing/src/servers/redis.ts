import { connect } from "node:net";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import { makeTempDir } from "./temp-dir.ts";

export interface StartRedisOptions {
  /** Further directives: `{ maxmemory: "2mb", requirepass: "..." }`. */
  readonly config?: Readonly<Record<string, string>>;
}

export interface RedisServer {
  /** `redis://127.0.0.1:PORT`, without a password. */
  readonly url: string;
  readonly port: number;
  /** Stands still with its connections open, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Sends one command and gives its answer's first line, as the protocol has it: `+PONG`. */
  command(...words: readonly string[]): Promise<string>;
  /** Kills the process (SIGKILL) and starts another on the same port and directory. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** A real Redis on a free loopback port with its own directory: append-only file on, no eviction. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const directory = await makeTempDir("redis");
  const port = await freePort();
  const start = (): Promise<RunningProcess> => launch(port, directory.path, options.config ?? {});
  let server = await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    freeze: () => server.signal("SIGSTOP"),
    thaw: () => server.signal("SIGCONT"),
    command: (...words) => ask(port, words),
    async restart() {
      server.signal("SIGKILL");
      await server.stop();
      server = await start();
    },
    async stop() {
      // A frozen one takes no SIGTERM.
      server.signal("SIGCONT");
      await server.stop();
      await directory.remove();
    },
  };
}

function launch(
  port: number,
  directory: string,
  config: Readonly<Record<string, string>>,
): Promise<RunningProcess> {
  const directives = {
    port: String(port),
    bind: "127.0.0.1",
    dir: directory,
    save: "",
    appendonly: "yes",
    "maxmemory-policy": "noeviction",
    ...config,
  };
  return startProcess({
    command: "redis-server",
    args: Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value]),
    logFile: join(directory, "redis.log"),
    // One that asks for a password is up, too.
    ready: async () => /^(\+PONG|-NOAUTH)/.test(await ask(port, ["PING"])),
  });
}

async function ask(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  try {
    socket.setTimeout(5000, () => socket.destroy(new Error("no answer")));
    const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
    socket.write(`*${words.length}\r\n${parts.join("")}`);
    let answer = "";
    for await (const chunk of socket) {
      answer += String(chunk);
      if (answer.includes("\r\n")) break;
    }
    return answer.split("\r\n", 1)[0] ?? "";
  } finally {
    socket.destroy();
  }
}
