import { mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { InternalError, InvalidRequestError } from "@layaway/errors";

import { lockDirectory } from "./directory-lock.ts";
import { type RedisProcess, spawnRedis } from "./redis-process.ts";
import { accepts, untilReady } from "./redis-socket.ts";

export interface EmbeddedRedisOptions {
  /** Made where it is not there; holds the append-only file, the log and the lock. */
  readonly dataDir: string;
  /** Told when the server ends by itself. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Which servers to look for on the `PATH`; `redis-server`, then `valkey-server`, unless given. */
  readonly commands?: readonly string[] | undefined;
}

export interface EmbeddedRedis {
  /** For `openJobs` and the workers: `unix:///...`. */
  readonly url: string;
  readonly pid: number;
  /** Ends the server after its data is on disk. */
  close(): Promise<void>;
}

/** Bytes of a socket's path: 104 on macOS, 108 on Linux, one of them the end. */
const maxSocketPathBytes = 100;
/** Reading a large append-only file takes its time. */
const readyTimeoutMs = 60_000;
const endTimeoutMs = 10_000;

/**
 * Starts `redis-server` or `valkey-server` for this process alone, with its data in `dataDir`, and waits until it answers.
 * It listens on a Unix socket that only this user may open. It ends with this process, however that ends.
 * Throws `InvalidRequestError` where neither is installed or another process uses the directory.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  const dataDir = resolve(options.dataDir);
  makeDirectory(dataDir);
  const lock = lockDirectory(dataDir);
  try {
    await untilPredecessorEnded(dataDir);
    const socket = await chooseSocket(dataDir);
    const commands = options.commands ?? ["redis-server", "valkey-server"];
    const server = await spawnRedis(commands, redisArgs(dataDir, socket), dataDir);
    try {
      await untilReady(socket, server.ended, readyTimeoutMs, join(dataDir, logName));
    } catch (error) {
      await end(server);
      throw error;
    }
    let closing = false;
    void server.ended.then((code) => {
      if (!closing)
        options.onError?.(
          new InternalError(`embedded redis ended with ${code}; see ${join(dataDir, logName)}`),
        );
    });
    return {
      url: `unix://${pathToFileURL(socket).pathname}`,
      pid: server.pid,
      async close() {
        closing = true;
        await end(server);
        if (dirname(socket) !== dataDir) await rm(dirname(socket), { recursive: true, force: true });
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

const logName = "redis.log";
/** Holds the path of the socket, for who comes after us. */
const socketNote = "redis.socket";

function makeDirectory(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    const code = error instanceof Error ? String(Reflect.get(error, "code") ?? "") : "";
    throw new InvalidRequestError(`data directory ${directory} cannot be made: ${code}`);
  }
}

/** Two servers on one append-only file would spoil it. The server of a process that was killed is just being ended by its shell. */
async function untilPredecessorEnded(dataDir: string): Promise<void> {
  const socket = await readFile(join(dataDir, socketNote), "utf8").catch(() => "");
  for (let waitedMs = 0; waitedMs < endTimeoutMs; waitedMs += 50) {
    if (socket === "" || !(await accepts(socket))) return;
    await pause(50);
  }
  throw new InvalidRequestError(
    `data directory ${dataDir} is in use by a redis that an earlier process left behind`,
  );
}

async function chooseSocket(dataDir: string): Promise<string> {
  const inDataDir = join(dataDir, "redis.sock");
  const isShort = Buffer.byteLength(inDataDir) <= maxSocketPathBytes;
  const socket = isShort ? inDataDir : join(await mkdtemp(join(tmpdir(), "layaway-")), "redis.sock");
  await writeFile(join(dataDir, socketNote), socket, { mode: 0o600 });
  return socket;
}

function redisArgs(dataDir: string, socket: string): string[] {
  const directives = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: dataDir,
    logfile: join(dataDir, logName),
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  return Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value]);
}

async function end(server: RedisProcess): Promise<void> {
  server.terminate();
  const late = new AbortController();
  const killed = pause(endTimeoutMs, undefined, { signal: late.signal }).then(
    () => process.kill(server.pid, "SIGKILL"),
    () => {},
  );
  await server.ended;
  late.abort();
  await killed;
}
