// `npm run demo [-- IMAGE]`: the whole way of an image, on this machine: registry -> API -> queue -> worker -> S3 -> webhook ->
// docker load. Starts everything it needs on loopback ports, and ends it.
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { execFile, spawn, spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

import { build, installModules, installPackages, root } from "./prepare.mjs";

const given = process.argv[2];
// What the user's own Layaway and object stores are configured with is not for the demo's.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(?:LAYAWAY_|AWS_|OSS_|REDIS_URL$)/.test(name)),
);
const program = join(root, "apps", "cli", "bin", "layaway.js");
const say = (text) => console.log(`\n\u001B[1m${text}\u001B[0m`);

say("1. Installing and building what is missing");
installModules();
build();
const lacking = installPackages({
  "redis-server": "redis-server",
  "docker-registry": "docker-registry",
  busybox: "busybox-static",
  radosgw: "radosgw",
  "ceph-mon": "ceph-mon",
  "ceph-osd": "ceph-osd",
  ceph: "ceph-common",
});
const needed = lacking.filter(
  (name) =>
    name === "redis-server" || (given === undefined && name !== "radosgw" && !name.startsWith("ceph")),
);
if (needed.length > 0) {
  console.error(
    `The demo needs these Debian packages: ${needed.join(" ")} (apt-get install ${needed.join(" ")})`,
  );
  process.exit(1);
}
console.log("ready");

const { busyboxImage, pushImage, startCeph, startDockerRegistry, startDockerd } =
  await import("../packages/testing/dist/index.js");
// A server that was just ended may still be writing its last file.
const removing = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 };
const startedAt = performance.now();
const scratch = await mkdtemp(join(tmpdir(), "layaway-demo-"));
const kept = join(root, ".layaway", "demo");
await mkdir(kept, { recursive: true });
const ending = [];
let cleaning;
let interrupted = false;
atEnd(() => rm(scratch, removing));
// Whatever happens, the webhook's secret does not stay.
process.once("exit", () => rmSync(scratch, removing));
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => {
    if (interrupted) process.exit(status);
    interrupted = true;
    void cleanUp().finally(() => process.exit(status));
  });
}

try {
  await demonstrate();
} catch (error) {
  if (!interrupted)
    console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await cleanUp();
}

/** Whoever starts something says first how it is ended; after a signal nothing is started any more. */
function atEnd(end) {
  if (interrupted) throw new Error("interrupted");
  ending.push(end);
}

/** Ends what was started, the last first; once, whoever asks for it. */
function cleanUp() {
  cleaning ??= (async () => {
    for (const end of ending.toReversed()) {
      try {
        await end();
      } catch (error) {
        console.error(`not ended: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  })();
  return cleaning;
}

async function demonstrate() {
  say("2. Starting a registry, an object store, a webhook receiver and layaway serve");
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const [store, source, receiver] = await Promise.all([startStore(), startSource(), startReceiver(secret)]);
  const api = await startService(store, source, secret);
  console.log(
    `store    ${store.shown}\nsource   ${source.image}\nwebhook  ${receiver.url}\nAPI      ${api.url} (readable at ${api.url}/docs)`,
  );

  say(`3. POST ${api.url}/v1/archives {"image": "${source.image}"}`);
  const env = { ...environment, LAYAWAY_URL: api.url };
  const submitted = await layaway(["submit", source.image, "--json", "--callback-url", receiver.url], env);
  const { id } = JSON.parse(submitted);
  await layaway(["status", id, "--watch"], env, "inherit");

  say("4. The webhook that came");
  const event = await receiver.event;
  console.log(`webhook-id ${event.id}, signature ${event.valid ? "valid" : "NOT VALID"}`);
  console.log(JSON.stringify(event.body, undefined, 2));
  if (!event.valid) throw new Error("the webhook's signature is not valid");

  say("5. Getting it back");
  const tar = join(kept, `${id}.tar`);
  await layaway(["download", id, "-o", tar], env, "inherit");
  const got = await load(tar, given === undefined);

  say("Done");
  const { digest, size, key } = event.body.data;
  console.log(
    `${source.image} (${digest}) was streamed into ${store.shown}/${key}: ${size} bytes, nothing of it on disk on the way.`,
  );
  console.log(`A copy of the tar is kept: ${relative(process.cwd(), tar)}`);
  console.log(
    got === "nothing"
      ? `Load it with: docker load -i ${relative(process.cwd(), tar)}`
      : `It was ${got} from there.`,
  );
  console.log(
    `That took ${((performance.now() - startedAt) / 1000).toFixed(1)} s. Everything that was started is ended.`,
  );
}

/** A real S3 server where Ceph is installed, else a directory. */
async function startStore() {
  if (lacking.some((name) => name === "radosgw" || name.startsWith("ceph"))) {
    const directory = join(kept, "objects");
    console.log(`(no S3 server: ${lacking.join(", ")} not installed; archives go to a directory)`);
    return { destination: { url: `file://${directory}` }, env: {}, shown: directory };
  }
  const s3 = await startCeph();
  atEnd(() => s3.stop());
  await s3.createBucket("archives");
  return {
    destination: { url: "s3://archives/images", endpoint: s3.endpoint, region: s3.region, pathStyle: true },
    env: { AWS_ACCESS_KEY_ID: s3.keys.accessKeyId, AWS_SECRET_ACCESS_KEY: s3.keys.secretAccessKey },
    shown: `${s3.endpoint}/archives/images`,
  };
}

/** The image that was asked for, or one of our own in a registry of our own. */
async function startSource() {
  // Whoever runs the demo is the operator: the registry that they name may stand on a private address.
  const host = /^(?:docker:\/\/)?(localhost|[^/]*[.:][^/]*)\//.exec(given ?? "")?.[1];
  if (given !== undefined) return { image: given, registries: host === undefined ? {} : { [host]: {} } };
  const registry = await startDockerRegistry();
  atEnd(() => registry.stop());
  const image = await busyboxImage({ layers: [{ sizeBytes: 96_000_000 }, { sizeBytes: 40_000_000 }] });
  await pushImage({ registry: registry.host, repository: "partner/app", tag: "1.0", image });
  return { image: `${registry.host}/partner/app:1.0`, registries: { [registry.host]: { plainHttp: true } } };
}

/** Verifies what comes as a consumer of Standard Webhooks does. */
async function startReceiver(secret) {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  let take;
  const event = new Promise((resolve) => (take = resolve));
  const server = createServer((request, response) => {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks).toString();
      const [id, timestamp, signatures] = ["id", "timestamp", "signature"].map((name) =>
        String(request.headers[`webhook-${name}`]),
      );
      const expected = Buffer.from(
        `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`,
      );
      const valid = signatures
        .split(" ")
        .map((text) => Buffer.from(text))
        .some((one) => one.length === expected.length && timingSafeEqual(one, expected));
      response.writeHead(204).end();
      take({ id, valid, body: JSON.parse(body) });
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return { url: `http://127.0.0.1:${server.address().port}/hook`, event };
}

/** `layaway serve` with its own queue, as a user runs it. */
async function startService(store, source, secret) {
  const config = join(scratch, "layaway.yaml");
  const secretFile = join(scratch, "webhook-secret");
  await writeFile(secretFile, secret, { mode: 0o600 });
  await writeFile(
    config,
    JSON.stringify({
      destinations: { demo: store.destination },
      defaultDestination: "demo",
      registries: source.registries,
      webhooks: { secretFile, allowHosts: ["127.0.0.1"] },
    }),
  );
  const child = startLayaway(["serve", "--config", config, "--port", "0"], {
    ...environment,
    ...store.env,
    LAYAWAY_DATA_DIR: join(scratch, "data"),
  });
  const url = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
      const address = /"address":"([^"]+)"/.exec(text)?.[1];
      if (address !== undefined) resolve(address);
    });
    child.once("exit", (status) => reject(new Error(`layaway serve ended with status ${status}\n${text}`)));
  });
  return { url };
}

/** Runs the command line; its stdout is returned unless it is shown. */
function layaway(args, env, stdout = "pipe") {
  return new Promise((resolve, reject) => {
    const child = startLayaway(args, env, stdout);
    let text = "";
    child.stdout?.on("data", (chunk) => (text += chunk));
    child.once("error", reject);
    child.once("close", (status) =>
      status === 0 ? resolve(text) : reject(new Error(`layaway ${args[0]} ended with status ${status}`)),
    );
  });
}

/** In a process group of its own, so that a Ctrl-C reaches it from here only, and once. */
function startLayaway(args, env, stdout = "pipe") {
  let child;
  let ended;
  atEnd(async () => {
    child?.kill("SIGTERM");
    await ended;
  });
  child = spawn(process.execPath, [program, ...args], {
    env,
    stdio: ["ignore", stdout, "inherit"],
    detached: true,
  });
  process.once("exit", () => child.kill("SIGKILL"));
  ended = new Promise((resolve) => child.once("exit", resolve).once("error", resolve));
  return child;
}

/** Loads the tar, and runs it where `runs`, if a docker engine answers, or can be started for the moment. */
async function load(tar, runs) {
  const engine = await findEngine();
  if (engine === undefined) {
    console.log("No docker engine answers here, so the tar is not loaded.");
    return "nothing";
  }
  const stop = new AbortController();
  atEnd(() => stop.abort());
  const docker = async (...args) => {
    const env = { ...process.env, ...engine.env };
    const { stdout } = await promisify(execFile)("docker", args, { env, signal: stop.signal });
    return stdout.trim();
  };
  const loaded = await docker("load", "-i", tar);
  console.log(`$ docker load -i ${relative(process.cwd(), tar)}\n${loaded}`);
  const name = /Loaded image(?: ID)?: (\S+)/.exec(loaded)?.[1];
  if (!runs || name === undefined) return "loaded";
  const ran = await docker("run", "--rm", "--network", "none", name);
  console.log(`$ docker run --rm ${name}\n${ran}`);
  return "loaded and run";
}

async function findEngine() {
  const answers = spawnSync("docker", ["version", "--format", "{{.Server.Version}}"], {
    encoding: "utf8",
    timeout: 10_000,
  });
  if (answers.status === 0) return { env: {} };
  if (!existsSync("/usr/sbin/dockerd") && !existsSync("/usr/bin/dockerd")) return undefined;
  let starting;
  // Killed while it starts it would leave a mount behind.
  atEnd(async () => (await starting)?.stop?.());
  starting = startDockerd();
  const engine = await starting;
  return engine.kind === "running" ? engine : undefined;
}
