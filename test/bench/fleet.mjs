// An API and some workers over a Redis of their own: processes as users start them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";

const clockTicksPerSecond = 100;
const json = { "content-type": "application/json" };

/**
 * @param {{ root: string, testing: typeof import("@layaway/testing"), endpoint: string, registry: string, workers: number, settings?: object }} options
 * `endpoint` is the store's, `registry` the host that images come from; `settings` stand beside them in the configuration.
 */
export async function startFleet({ root, testing, endpoint, registry, workers, settings = {} }) {
  const scratch = await mkdtemp(join(tmpdir(), "layaway-fleet-"));
  const redis = await testing.startRedis();
  const config = join(scratch, "layaway.yaml");
  const destination = { url: "s3://bucket/fleet", endpoint, pathStyle: true, checksums: "none" };
  await writeFile(
    config,
    JSON.stringify({
      destinations: { sink: destination },
      registries: { [registry]: { plainHttp: true } },
      ...settings,
    }),
  );
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
    AWS_REGION: "us-east-1",
    AWS_EC2_METADATA_DISABLED: "true",
    REDIS_URL: redis.url,
    LAYAWAY_LOG_LEVEL: "info",
  };
  const program = join(root, "apps/cli/bin/layaway.js");
  const start = (...args) =>
    spawn(process.execPath, [program, ...args, "--config", config], {
      env,
      stdio: ["ignore", "pipe", "inherit"],
    });
  const api = start("api", "--port", "0");
  const address = await lineOf(api, /"address":"([^"]+)"/u);
  const running = Array.from({ length: workers }, () => start("worker"));
  await Promise.all(running.map((worker) => lineOf(worker, /(takes archives)/u)));
  const children = [api, ...running];
  for (const child of children) child.stdout.resume();

  const call = async (method, path, body) => {
    const init = body === undefined ? { method } : { method, headers: json, body: JSON.stringify(body) };
    const response = await fetch(`${address}${path}`, init);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  return {
    submit: (image) => call("POST", "/v1/archives", { image }),
    setLimit: (limit) => call("PUT", "/v1/bandwidth", { limit }),
    /** Submits, waits for the end, and tells what the only worker used for it. */
    async measure(image) {
      const { pid } = running[0];
      const before = cpuSecondsOf(pid);
      const startedAt = performance.now();
      let { id, state, error } = await call("POST", "/v1/archives", { image });
      while (state === "queued" || state === "running") {
        await delay(20);
        ({ state, error } = await call("GET", `/v1/archives/${id}`));
      }
      if (state !== "completed") throw new Error(`${image}: ${state} ${JSON.stringify(error)}`);
      return {
        wallSeconds: (performance.now() - startedAt) / 1000,
        cpuSeconds: cpuSecondsOf(pid) - before,
        peakRssBytes:
          1024 * Number(/^VmHWM:\s+(\d+) kB$/mu.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]),
        diskBytes: Number(/^write_bytes: (\d+)$/mu.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1]),
      };
    },
    async stop() {
      for (const child of children) child.kill("SIGKILL");
      const alive = children.filter((child) => child.exitCode === null && child.signalCode === null);
      await Promise.all(alive.map((child) => once(child, "exit")));
      await redis.stop();
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

function lineOf(child, pattern) {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const found = pattern.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once("exit", (status) => reject(new Error(`layaway ended with ${status}`)));
  });
}

/** User and system time, threads included: fields 14 and 15 of proc(5) stat. */
function cpuSecondsOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / clockTicksPerSecond;
}
