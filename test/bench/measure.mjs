import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** @typedef {{ wallSeconds: number, cpuSeconds: number, peakRssBytes: number, diskBytes: number }} Usage */

const hook = fileURLToPath(new URL("report-usage.mjs", import.meta.url));

/**
 * Runs a script with this node, and has it write down itself what it used.
 * @returns {Promise<Usage & { stdout: string }>}
 */
export async function measureNode(script, args, env, scratch) {
  const file = join(scratch, "usage.json");
  const start = performance.now();
  const { stdout } = await promisify(execFile)(process.execPath, ["--import", hook, script, ...args], {
    env: { ...process.env, ...env, LAYAWAY_BENCH_USAGE: file },
    maxBuffer: 64 * 1024 * 1024,
  });
  const wallSeconds = (performance.now() - start) / 1000;
  return { wallSeconds, stdout, ...JSON.parse(readFileSync(file, "utf8")) };
}

/**
 * Runs commands one after the other and sums up what they used. Memory and disk are sampled, so they are lower bounds.
 * @returns {Promise<Usage>}
 */
export async function measureCommands(commands, env) {
  const total = { wallSeconds: 0, cpuSeconds: 0, peakRssBytes: 0, diskBytes: 0 };
  for (const words of commands) {
    const usage = await measureCommand(words, env);
    total.wallSeconds += usage.wallSeconds;
    total.cpuSeconds += usage.cpuSeconds;
    total.diskBytes += usage.diskBytes;
    total.peakRssBytes = Math.max(total.peakRssBytes, usage.peakRssBytes);
  }
  return total;
}

async function measureCommand(words, env) {
  // Bash tells the time of the command and of all it waited for.
  const child = spawn("bash", ["-c", `TIMEFORMAT='%R %U %S'; time "$@"`, "bash", ...words], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
  const peakRss = new Map();
  const disk = new Map();
  const sampling = setInterval(() => {
    for (const pid of descendants(child.pid)) {
      raise(peakRss, pid, 1024 * numberIn(`/proc/${pid}/status`, /^VmHWM:\s+(\d+) kB$/mu));
      raise(disk, pid, numberIn(`/proc/${pid}/io`, /^write_bytes: (\d+)$/mu));
    }
  }, 20);
  const [status] = await once(child, "close");
  clearInterval(sampling);
  if (status !== 0) throw new Error(`${words[0]} ended with ${status}: ${stderr}`);
  const [wallSeconds, user, system] = (stderr.trim().split("\n").at(-1) ?? "").split(" ").map(Number);
  return {
    wallSeconds,
    cpuSeconds: user + system,
    peakRssBytes: Math.max(0, ...peakRss.values()),
    diskBytes: [...disk.values()].reduce((sum, bytes) => sum + bytes, 0),
  };
}

/** One that has just ended has no figures any more: those of the last look stay. */
function raise(figures, pid, value) {
  figures.set(pid, Math.max(figures.get(pid) ?? 0, value));
}

function descendants(pid) {
  const file = `/proc/${pid}/task/${pid}/children`;
  const children = existsSync(file) ? textOf(file).split(" ").filter(Boolean) : [];
  return children.flatMap((child) => [child, ...descendants(child)]);
}

function numberIn(path, pattern) {
  return Number(pattern.exec(textOf(path))?.[1] ?? 0);
}

/** Processes come and go between two looks. */
function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
