import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

import { type RedisProcess, spawnRedis } from "./redis-process.ts";
import { untilReady } from "./redis-socket.ts";

export interface RedisPlace {
  /** Holds the append-only file and the log. */
  readonly dataDir: string;
  /** Path of the Unix socket that it listens on. */
  readonly socket: string;
  /** Which servers to look for on the `PATH`. */
  readonly commands: readonly string[];
}

/** Reading a large append-only file takes its time. */
const readyTimeoutMs = 60_000;
const endTimeoutMs = 10_000;

/** Starts a server and waits until it answers; where it does not, or `signal` aborts, it is ended and this throws. */
export async function launchRedis(place: RedisPlace, signal: AbortSignal): Promise<RedisProcess> {
  const { dataDir, socket, commands } = place;
  const server = await spawnRedis(commands, redisArgs(place), dataDir);
  const onAbort = (): void => server.terminate();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await untilReady(socket, server.ended, readyTimeoutMs, redisLog(dataDir));
    return server;
  } catch (error) {
    await endRedis(server);
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** Ends a server after its data is on disk. */
export async function endRedis(server: RedisProcess): Promise<void> {
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

function redisLog(dataDir: string): string {
  return join(dataDir, "redis.log");
}

function redisArgs({ dataDir, socket }: RedisPlace): string[] {
  const directives = {
    port: "0",
    unixsocket: socket,
    unixsocketperm: "700",
    dir: dataDir,
    logfile: redisLog(dataDir),
    appendonly: "yes",
    appendfsync: "everysec",
    save: "",
    "maxmemory-policy": "noeviction",
    daemonize: "no",
  };
  return Object.entries(directives).flatMap(([name, value]) => [`--${name}`, value]);
}
