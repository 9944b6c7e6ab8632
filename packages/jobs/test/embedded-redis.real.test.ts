import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { InternalError, InvalidRequestError } from "@layaway/errors";
import { describeWithServers, makeTempDir } from "@layaway/testing";
import { afterEach, expect, test, vi } from "vitest";

import { openJobs, startEmbeddedRedis } from "../src/index.ts";
import { archiveRequest } from "./archive-requests.ts";
import { Opened } from "./open-redis.ts";

const embeddedRedis = fileURLToPath(new URL("../src/embedded-redis.ts", import.meta.url));
/** Node 20 runs no TypeScript; the loader that vitest uses does. */
const ownerScript = `
  import { runnerImport } from "vite";
  const conditions = ["layaway-source"];
  const { module } = await runnerImport(process.argv[1], { configFile: false, ssr: { resolve: { conditions, noExternal: /@layaway/ } } });
  const redis = await module.startEmbeddedRedis({ dataDir: process.argv[2] });
  console.log(redis.pid);
`;
/** A server that starts one time only. */
const onceScript = `#!/bin/sh
mkdir "$0.started" || exit 3
exec redis-server "$@"
`;

describeWithServers("the embedded redis", ["redis"], () => {
  const opened = new Opened();
  afterEach(() => opened.close());

  async function directory(): Promise<string> {
    const dir = await makeTempDir("embedded");
    await opened.add(Promise.resolve({ close: () => dir.remove() }));
    return dir.path;
  }

  test("keeps what was queued over a restart, in a place that only its user may enter", async () => {
    const dataDir = join(await directory(), "with a space");
    const first = await startEmbeddedRedis({ dataDir });
    const jobs = await openJobs({ redisUrl: first.url, onError: () => {} });
    await jobs.enqueue(archiveRequest(1));
    expect(statSync(dataDir).mode & 0o077).toBe(0);
    expect(statSync(fileURLToPath(first.url.replace("unix:", "file:"))).mode & 0o077).toBe(0);
    await jobs.close();
    await first.close();
    expect(isAlive(first.pid)).toBe(false);

    const second = await opened.add(startEmbeddedRedis({ dataDir }));
    const again = await opened.add(openJobs({ redisUrl: second.url, onError: () => {} }));
    expect(await again.get(archiveRequest(1).id)).toMatchObject({ state: "queued" });
    expect((await again.figures()).archives.counts).toMatchObject({ prioritized: 1 });
  });

  test("works below a path that is too long for a socket", async () => {
    const dataDir = join(await directory(), "d".repeat(120));
    const redis = await opened.add(startEmbeddedRedis({ dataDir }));
    const jobs = await opened.add(openJobs({ redisUrl: redis.url, onError: () => {} }));
    await jobs.ping();
    expect(readdirSync(dataDir)).toContain("appendonlydir");
  });

  test("refuses a directory that another process uses, and frees it at its end", async () => {
    const dataDir = await directory();
    const first = await startEmbeddedRedis({ dataDir });
    await expect(startEmbeddedRedis({ dataDir })).rejects.toThrow(/in use/);
    await first.close();
    await (await startEmbeddedRedis({ dataDir })).close();
  });

  test("says how to install a server where there is none", async () => {
    const starting = startEmbeddedRedis({ dataDir: await directory(), commands: ["no-such-redis"] });
    await expect(starting).rejects.toThrow(InvalidRequestError);
    await expect(starting).rejects.toThrow(/apt-get install redis-server.*brew install redis/);
  });

  test("says so where the directory cannot be made", async () => {
    const starting = startEmbeddedRedis({ dataDir: "/dev/null/layaway" });
    await expect(starting).rejects.toThrow(InvalidRequestError);
  });

  test("is started again when it ends by itself, and nothing that was queued is lost", async () => {
    const onError = vi.fn<(error: Error) => void>();
    const redis = await opened.add(startEmbeddedRedis({ dataDir: await directory(), onError }));
    const jobs = await opened.add(openJobs({ redisUrl: redis.url, onError: () => {} }));
    await jobs.enqueue(archiveRequest(1));
    const first = redis.pid;
    // What it was told within the last second may not be on disk yet; a clean end writes it, as an operator's does.
    process.kill(first, "SIGTERM");
    await vi.waitFor(async () => expect(await jobs.get(archiveRequest(1).id)).toBeDefined(), 10_000);
    await vi.waitFor(() => expect(redis.pid).not.toBe(first));
    expect(onError).toHaveBeenCalledOnce();
  });

  test("is given up when it does not stay up", async () => {
    const dataDir = await directory();
    const command = join(dataDir, "redis-once");
    writeFileSync(command, onceScript, { mode: 0o700 });
    const errors: string[] = [];
    const onError = (error: Error): void => void errors.push(error.message);
    const redis = await opened.add(
      startEmbeddedRedis({ dataDir, onError, commands: [command], restartDelaysMs: [1, 1] }),
    );
    process.kill(redis.pid, "SIGKILL");
    expect(await redis.lost).toBeInstanceOf(InternalError);
    expect(errors.length).toBe(3);
  });

  test("ends with a process that is killed, and its successor takes over", async () => {
    const dataDir = await directory();
    const owner = spawn(
      process.execPath,
      ["--input-type=module", "--eval", ownerScript, embeddedRedis, dataDir],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    const [line] = await once(owner.stdout, "data");
    const pid = Number.parseInt(String(line), 10);
    expect(isAlive(pid)).toBe(true);
    const ended = once(owner, "exit");
    owner.kill("SIGKILL");
    await ended;
    await opened.add(startEmbeddedRedis({ dataDir }));
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
