import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { findCommand, needs } from "../needs.ts";
import { startProcess } from "./process.ts";
import type { RunningProcess } from "./process.ts";
import { makeTempDir } from "./temp-dir.ts";

/** A docker engine of one's own: nothing of another engine on this machine is seen or touched. */
export interface Dockerd {
  readonly kind: "running";
  /** For DOCKER_HOST. */
  readonly host: string;
  /** What the docker command needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly logFile: string;
  /** Runs `docker` with these arguments; answers its stdout and rejects when it fails. */
  docker(...args: readonly string[]): Promise<string>;
  stop(): Promise<void>;
}

/** Installed, but the machine does not let it run: no root, or a kernel that refuses what it asks for. */
export interface DockerdUnavailable {
  readonly kind: "unavailable";
  readonly reason: string;
}

/** Starts `dockerd` in a temporary directory, without a network of its own. Use `docker run --network none`. */
export async function startDockerd(): Promise<Dockerd | DockerdUnavailable> {
  const found = needs("dockerd");
  if (found.kind === "missing") return { kind: "unavailable", reason: found.reason };
  const directory = await makeTempDir("dockerd");
  const at = (name: string): string => join(directory.path, name);
  const host = `unix://${at("docker.sock")}`;
  const env = { DOCKER_HOST: host, DOCKER_CONFIG: at("config") };
  const docker = async (...args: readonly string[]): Promise<string> => {
    const { stdout } = await run("docker", args, {
      env: { ...process.env, ...env },
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  };
  let server: RunningProcess;
  try {
    server = await startProcess({
      command: findCommand("dockerd") ?? "dockerd",
      args: [
        ["--data-root", at("data"), "--exec-root", at("exec"), "--pidfile", at("pid"), "--host", host],
        ["--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"],
      ].flat(),
      logFile: at("log"),
      ready: async () => (await docker("version", "--format", "{{.Server.Version}}")) !== "",
      readyTimeoutMs: 30_000,
      stopTimeoutMs: 15_000,
    });
  } catch (error) {
    await directory.remove();
    return { kind: "unavailable", reason: `dockerd does not start here: ${lastLineOf(error)}` };
  }
  return {
    kind: "running",
    host,
    env,
    logFile: server.logFile,
    docker,
    async stop(): Promise<void> {
      await server.stop();
      await directory.remove();
    },
  };
}

const run = promisify(execFile);

function lastLineOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trimEnd().split("\n").at(-1) ?? "";
}
