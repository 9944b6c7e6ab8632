import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { busyboxImage, describeWithServers, pushImage, startDockerRegistry } from "@layaway/testing";
import { afterEach, beforeEach, expect, it } from "vitest";

const demo = fileURLToPath(new URL("../scripts/demo.mjs", import.meta.url));
/** A user's configuration of their own deployment: with any of it the demo would hang, be refused, or join that one. */
const usersOwn = {
  LAYAWAY_LOG_LEVEL: "warn",
  LAYAWAY_TOKENS: "0123456789abcdef0123456789abcdef",
  LAYAWAY_CONFIG: "/nonexistent/layaway.yaml",
  REDIS_URL: "redis://127.0.0.1:1",
  AWS_SESSION_TOKEN: "of-another-account",
};

describeWithServers("the demo", ["redis", "docker-registry", "ceph", "busybox"], () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "layaway-demo-test-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  function start(...args: readonly string[]) {
    const child = spawn(process.execPath, [demo, ...args], {
      env: { ...process.env, TMPDIR: directory, ...usersOwn },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    const said = (pattern: RegExp): Promise<void> =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (pattern.test(text)) resolve();
        };
        child.stdout.on("data", look);
        child.once("close", () => reject(new Error(text)));
        look();
      });
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
    return { child, said };
  }

  /** Processes that have the directory of this test in their command line or environment. */
  async function left(): Promise<readonly string[]> {
    const found = [];
    for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
      const about = await Promise.all(
        ["cmdline", "environ"].map((name) => readFile(`/proc/${pid}/${name}`, "utf8").catch(() => "")),
      );
      if (about.join("\0").includes(directory)) found.push(`${pid} ${about[0]}`);
    }
    return found;
  }

  it("archives into an object store of its own, whatever the user's environment holds", async () => {
    const { child, said } = start();
    await said(/4\. The webhook that came\s*\S*\s*webhook-id \S+ signature valid/);
    child.kill("SIGINT");
    expect(await once(child, "exit")).toEqual([130, null]);
  });

  it("loads an image of the user's where a docker engine is, and does not claim to have run it", async () => {
    const registry = await startDockerRegistry();
    try {
      const image = await busyboxImage({ layers: [{ sizeBytes: 5000 }] });
      await pushImage({ registry: registry.host, repository: "team/app", tag: "1", image });
      const { child, said } = start(`${registry.host}/team/app:1`);
      await said(/It was loaded from there|Load it with/);
      expect(await once(child, "exit")).toEqual([0, null]);
    } finally {
      await registry.stop();
    }
  });

  it("leaves no process, file or mount behind when a signal reaches it alone", async () => {
    const { child, said } = start();
    await said(/3\. POST/);
    child.kill("SIGTERM");
    expect(await once(child, "exit")).toEqual([143, null]);
    expect(await left()).toEqual([]);
    expect(await readdir(directory)).toEqual([]);
    expect(await readFile("/proc/self/mounts", "utf8")).not.toContain(directory);
  });
});
