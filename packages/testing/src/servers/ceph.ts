import { randomUUID } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cephConfig } from "./ceph-config.ts";
import { freePortBlock } from "./free-port.ts";
import { acceptsConnections, startProcess } from "./process.ts";
import { commandPath, runCommand } from "./run-command.ts";
import { runningGroup, startWithAnotherTry } from "./running-group.ts";
import type { RunningGroup } from "./running-group.ts";
import { createBucket } from "./s3-server.ts";
import type { RunningS3, S3Keys } from "./s3-server.ts";
import { makeTempDir } from "./temp-dir.ts";

const keys: S3Keys = { accessKeyId: "CEPHKEY1", secretAccessKey: "ceph-secret-1" };
const strangerKeys: S3Keys = { accessKeyId: "CEPHKEY2", secretAccessKey: "ceph-secret-2" };

/**
 * Starts a Ceph object gateway: one monitor, one object daemon that keeps everything in memory, one gateway; no manager.
 *
 * Ceph 16 refuses aws-chunked bodies (411), ignores checksum headers and does not heed `If-None-Match` on completion.
 */
export function startCeph(): Promise<RunningS3> {
  return startWithAnotherTry(startOnce);
}

async function startOnce(): Promise<RunningS3> {
  const group = runningGroup(await makeTempDir("ceph"));
  try {
    return await startParts(group);
  } catch (error) {
    await group.stop();
    throw error;
  }
}

async function startParts(group: RunningGroup): Promise<RunningS3> {
  const { directory } = group;
  const [monitorPort = 0, gatewayPort = 0, firstPort = 0, ...more] = await freePortBlock(14);
  const fsid = randomUUID();
  const config = { directory, fsid, monitorPort, gatewayPort, firstPort, lastPort: more.at(-1) ?? firstPort };
  for (const name of ["mon", "osd", "rgw", "run", "log"]) await mkdir(join(directory, name));
  const configFile = join(directory, "ceph.conf");
  await writeFile(configFile, cephConfig(config));
  const env = { CEPH_CONF: configFile };

  await makeMonitor(directory, fsid, monitorPort, env);
  await startDaemon(group, "ceph-mon", ["-i", "a"], () => acceptsConnections(monitorPort));
  const osdId = randomUUID();
  // Answers as soon as the monitor has its quorum of one.
  await runCommand("ceph", ["--connect-timeout", "20", "osd", "new", osdId, "0"], env);
  await Promise.all([
    runCommand("ceph", ["osd", "crush", "add", "osd.0", "1.0", "root=default", "host=here"], env),
    runCommand("ceph-osd", ["-i", "0", "--mkfs", "--osd-uuid", osdId, "--no-mon-config"], env),
  ]);
  await startDaemon(group, "ceph-osd", ["-i", "0"], () => isActive(join(directory, "log", "osd.0.log")));
  await startDaemon(group, "radosgw", ["-n", "client.rgw.a"], () => acceptsConnections(gatewayPort));
  await Promise.all([makeUser("owner", keys, env), makeUser("stranger", strangerKeys, env)]);

  const server = { endpoint: `http://127.0.0.1:${gatewayPort}`, region: "us-east-1", keys, strangerKeys };
  return { ...server, createBucket: (name) => createBucket(server, name), stop: () => group.stop() };
}

type Env = Readonly<Record<string, string>>;

async function makeMonitor(directory: string, fsid: string, port: number, env: Env): Promise<void> {
  const keyring = join(directory, "keyring");
  const map = join(directory, "monmap");
  await runCommand(
    "ceph-authtool",
    ["--create-keyring", keyring, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *"],
    env,
  );
  const admin = ["mon", "osd", "mds", "mgr"].flatMap((service) => ["--cap", service, "allow *"]);
  await runCommand("ceph-authtool", [keyring, "--gen-key", "-n", "client.admin", ...admin], env);
  await runCommand(
    "monmaptool",
    ["--create", "--fsid", fsid, "--addv", "a", `[v1:127.0.0.1:${port}]`, map],
    env,
  );
  await runCommand("ceph-mon", ["--mkfs", "-i", "a", "--monmap", map, "--keyring", keyring], env);
}

async function startDaemon(
  group: RunningGroup,
  command: string,
  args: readonly string[],
  ready: () => Promise<boolean>,
): Promise<void> {
  const process = await startProcess({
    command: commandPath(command),
    args: [...args, "-f"],
    env: { CEPH_CONF: join(group.directory, "ceph.conf") },
    logFile: join(group.directory, "log", `${command}.out`),
    ready,
    readyTimeoutMs: 30_000,
  });
  group.add(process);
}

async function isActive(osdLog: string): Promise<boolean> {
  return (await readFile(osdLog, "utf8")).includes("booting -> active");
}

async function makeUser(name: string, of: S3Keys, env: Env): Promise<void> {
  const user = ["user", "create", `--uid=${name}`, `--display-name=${name}`];
  await runCommand(
    "radosgw-admin",
    [...user, `--access-key=${of.accessKeyId}`, `--secret-key=${of.secretAccessKey}`],
    env,
  );
}
