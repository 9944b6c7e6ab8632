import { mkdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { InvalidRequestError } from "@layaway/errors";

import { lockDirectory } from "./directory-lock.ts";
import { keepRedis } from "./keep-redis.ts";
import { launchRedis } from "./launch-redis.ts";
import { accepts } from "./redis-socket.ts";
import { releaseAbandoned } from "./release-abandoned.ts";

export interface EmbeddedRedisOptions {
  /** Made where it is not there; holds the append-only file, the log and the lock. */
  readonly dataDir: string;
  /** Told each time that the server ends by itself or does not start again. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Which servers to look for on the `PATH`; `redis-server`, then `valkey-server`, unless given. */
  readonly commands?: readonly string[] | undefined;
  /** Waits before each start of a server that ended by itself; 0.1 s to 5 s, four times within a minute, unless given. */
  readonly restartDelaysMs?: readonly number[] | undefined;
}

export interface EmbeddedRedis {
  /** For `openJobs` and the workers: `unix:///...`. */
  readonly url: string;
  /** Of the server that runs now. */
  readonly pid: number;
  /** Settles when a server that ended by itself, again and again, was given up: nothing can be queued any more. */
  readonly lost: Promise<Error>;
  /** Ends the server after its data is on disk. */
  close(): Promise<void>;
}

/** Bytes of a socket's path: 104 on macOS, 108 on Linux, one of them the end. */
const maxSocketPathBytes = 100;
/** How long the server of a process that was killed may take to end. */
const predecessorTimeoutMs = 10_000;
const restartDelaysMs = [100, 500, 2000, 5000];
const steadyMs = 60_000;

/**
 * Starts `redis-server` or `valkey-server` for this process alone, with its data in `dataDir`, and waits until it answers.
 * One that ends by itself is started again in the same place; clients of it reconnect by themselves.
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
    const kept = await keepRedis({
      launch: (signal) => launchRedis({ dataDir, socket, commands }, signal),
      restartDelaysMs: options.restartDelaysMs ?? restartDelaysMs,
      steadyMs,
      onError: options.onError ?? (() => {}),
    });
    const url = `unix://${pathToFileURL(socket).pathname}`;
    try {
      // The directory was free, so whoever worked off this queue before is dead.
      await releaseAbandoned(url);
    } catch (error) {
      await kept.close();
      throw error;
    }
    return {
      url,
      get pid() {
        return kept.pid;
      },
      lost: kept.lost,
      async close() {
        await kept.close();
        if (dirname(socket) !== dataDir) await rm(dirname(socket), { recursive: true, force: true });
        lock.release();
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

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
  for (let waitedMs = 0; waitedMs < predecessorTimeoutMs; waitedMs += 50) {
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
