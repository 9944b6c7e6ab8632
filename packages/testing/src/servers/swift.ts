import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { get } from "node:http";
import { freePortBlock } from "./free-port.ts";
import { acceptsConnections, startProcess } from "./process.ts";
import { commandPath, runCommand } from "./run-command.ts";
import { runningGroup, startWithAnotherTry } from "./running-group.ts";
import type { RunningGroup } from "./running-group.ts";
import { createBucket } from "./s3-server.ts";
import type { RunningS3, S3Keys } from "./s3-server.ts";
import { hashConfig, proxyConfig, ringScript, storageConfig } from "./swift-config.ts";
import { makeTempDir } from "./temp-dir.ts";

const keys: S3Keys = { accessKeyId: "test:owner", secretAccessKey: "swift-secret-1" };
const strangerKeys: S3Keys = { accessKeyId: "test:stranger", secretAccessKey: "swift-secret-2" };
const storageServers = ["account", "container", "object"] as const;

/** What may differ between two Swifts. */
export interface SwiftOptions {
  /** Least size of a part that is not the last, in bytes: 5 MiB as S3 has it, where nothing else is said. */
  readonly minPartBytes?: number;
}

/**
 * Starts OpenStack Swift with its S3 front: proxy, account, container and object server, and memcached.
 *
 * Swift 2.30 heeds `If-None-Match: *` on completion and is strict about parts and their order; it refuses aws-chunked
 * bodies, and knows no conditional put and no tagging.
 */
export function startSwift(options: SwiftOptions = {}): Promise<RunningS3> {
  return startWithAnotherTry(() => startOnce(options));
}

async function startOnce(options: SwiftOptions): Promise<RunningS3> {
  const group = runningGroup(await makeTempDir("swift"));
  try {
    return await startParts(group, options.minPartBytes ?? 5 * 1024 * 1024);
  } catch (error) {
    await group.stop();
    throw error;
  }
}

async function startParts(group: RunningGroup, minPartBytes: number): Promise<RunningS3> {
  const { directory } = group;
  const [proxy = 0, account = 0, container = 0, object = 0, cache = 0] = await freePortBlock(5);
  const ports = { account, container, object };
  const user = userInfo().username;
  await mkdir(join(directory, "devices", "d1"), { recursive: true });
  await writeFile(join(directory, "swift.conf"), hashConfig());
  await writeFile(
    join(directory, "proxy-server.conf"),
    proxyConfig({
      directory,
      user,
      port: proxy,
      cachePort: cache,
      minPartBytes,
      owner: keys,
      stranger: strangerKeys,
    }),
  );
  for (const name of storageServers) {
    await writeFile(
      join(directory, `${name}-server.conf`),
      storageConfig({ directory, user, name, port: ports[name] }),
    );
  }
  await runCommand(await interpreterOf("swift-ring-builder"), [
    "-c",
    ringScript,
    directory,
    JSON.stringify(ports),
  ]);

  const memcached = ["-l", "127.0.0.1", "-p", String(cache), "-U", "0", "-m", "32", "-u", user];
  // Each imports half of Python's world: all at once.
  const started = await Promise.allSettled([
    start(group, "memcached", memcached, () => acceptsConnections(cache)),
    ...storageServers.map((name) => startServer(group, name, () => acceptsConnections(ports[name]))),
    startServer(group, "proxy", () => isHealthy(proxy)),
  ]);
  for (const one of started) if (one.status === "rejected") throw one.reason;

  const server = { endpoint: `http://127.0.0.1:${proxy}`, region: "us-east-1", keys, strangerKeys };
  return { ...server, createBucket: (name) => createBucket(server, name), stop: () => group.stop() };
}

/** The Python that has Swift's modules need not be the first on the PATH. */
async function interpreterOf(command: string): Promise<string> {
  const [firstLine = ""] = (await readFile(commandPath(command), "utf8")).split("\n", 1);
  const path = firstLine.startsWith("#!") ? firstLine.slice(2).trim() : "";
  return path.startsWith("/") ? path : commandPath("python3");
}

function startServer(group: RunningGroup, name: string, ready: () => Promise<boolean>): Promise<void> {
  return start(group, `swift-${name}-server`, [join(group.directory, `${name}-server.conf`)], ready);
}

async function start(
  group: RunningGroup,
  command: string,
  args: readonly string[],
  ready: () => Promise<boolean>,
): Promise<void> {
  const logFile = join(group.directory, `${command}.log`);
  group.add(
    await startProcess({ command: commandPath(command), args, logFile, ready, readyTimeoutMs: 60_000 }),
  );
}

function isHealthy(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const call = get({ port, host: "127.0.0.1", path: "/healthcheck", agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.once("error", () => resolve(false));
  });
}
