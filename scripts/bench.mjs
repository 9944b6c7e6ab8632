// `npm run bench`: what archiving costs, beside others, as one table. `-- --small` takes a sixteenth of the sizes and one
// round, to see that it works; `-- --limits` shows instead what the source sees of a fleet under a limit (eight minutes). Source and store are lean processes of their own; candidates run in turn, round by round.
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { build, hasCommand, installModules, root } from "./prepare.mjs";

installModules();
build();
const testing = await import("../packages/testing/dist/index.js");
const { generatedBlob, makeImage, needs, startCeph } = testing;
const { createCandidates, missingPeers } = await import("../test/bench/candidates.mjs");
const { startFarLink } = await import("../test/bench/far-link.mjs");
const { startFleet } = await import("../test/bench/fleet.mjs");
const { benchFleetRate } = await import("../test/bench/fleet-rate.mjs");
const { measureNode } = await import("../test/bench/measure.mjs");
const { startNullS3, startSource } = await import("../test/bench/servers.mjs");

const mebibyte = 1024 * 1024;
const small = process.argv.includes("--small");
const scale = small ? 1 / 16 : 1;
const rounds = small ? 1 : 3;
const env = {
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  AWS_REGION: "us-east-1",
  AWS_EC2_METADATA_DISABLED: "true",
};

const scratch = await mkdtemp(join(tmpdir(), "layaway-bench-"));
const machine = { scratch, root, hasCommand };
const source = await startSource();
const store = await startNullS3();
const rows = [];
const goals = [];
try {
  if (process.argv.includes("--limits")) await limits();
  else await costs();
} finally {
  await source.stop();
  await store.stop();
  await rm(scratch, { recursive: true, force: true });
}

async function costs() {
  await alone();
  await discarding();
  await inWorker();
  await largeImages();
  await manyImages();
  await farAway();
  await growing();
  await realStore();
  report();
}

async function limits() {
  const seconds = small ? 5 : 30;
  const { rows: held, changes } = await benchFleetRate({
    root,
    testing,
    startStore: startNullS3,
    seconds,
    workers: small ? [2] : [1, 4, 16],
    limits: small ? [8] : [1, 8, 64],
  });
  console.log(
    `\nnode ${process.version}, ${availableParallelism()} cores; ${seconds} s each, in percent of the limit`,
  );
  console.table(held);
  console.table(changes);
  process.exitCode = [...held, ...changes].every((row) => row.held) ? 0 : 1;
}

/** A worker that runs for days has started long ago: what an image costs it, from the request to the end. */
async function inWorker() {
  const of = (name) =>
    put(
      name,
      numbers(8).map((place) => generated(`${name}/${place}`, 128 * mebibyte * scale)),
    );
  const warmUp = await put("warm-up", [generated("warm-up", 256 * mebibyte * scale)]);
  const images = await Promise.all(numbers(rounds).map((round) => of(`worker/${round}`.replace("/", "-"))));
  const { host: registry } = source;
  const { endpoint } = store;
  const fleet = await startFleet({ root, testing, endpoint, registry, workers: 1 });
  try {
    await fleet.measure(warmUp.image);
    const usages = [];
    for (const { image } of images) usages.push(await fleet.measure(image));
    const usage = medianUsage(usages);
    addRow("8 x 128 MiB, queued", "layaway worker", usage, images[0].gibibytes);
    goal("CPU s/GiB of a running worker, 8 x 128 MiB", usage.cpuSeconds / images[0].gibibytes, 1.8);
    const peers = rows.filter(({ image, candidate }) => image === "8 x 128 MiB" && candidate.includes("aws"));
    const best = Math.min(...peers.map((row) => row["wall s"]));
    if (peers.length > 0) goal("wall of a running worker, in the best peer", usage.wallSeconds / best, 0.6);
    goal("peak RSS MiB of a running worker", usage.peakRssBytes / mebibyte, 192);
  } finally {
    await fleet.stop();
  }
}

/** What starting costs: it is in every other figure, and weighs less the larger the image. */
async function alone() {
  const image = await put("start", [generated("start", mebibyte)]);
  const { layaway } = await compare("1 MiB", image, store.endpoint, ["layaway"]);
  goals.push({ figure: "CPU s to start, in each run", measured: layaway.cpuSeconds, goal: "" });
}

async function discarding() {
  const eight = await put(
    "eight",
    numbers(8).map((place) => generated(`eight/${place}`, 128 * mebibyte * scale)),
  );
  const one = await put("one", [generated("one", 1024 * mebibyte * scale)]);
  const { peers } = createCandidates({ ...machine, env });
  const of = await compare("8 x 128 MiB", eight, store.endpoint, ["layaway", "bare", ...peers]);
  goal("CPU s/GiB, 8 x 128 MiB", of.layaway.cpuSeconds / eight.gibibytes, 1.8);
  goal("  the same, in bare recv + SHA-256 + send", of.layaway.cpuSeconds / of.bare.cpuSeconds);
  goalAgainst("wall", of, bestOf(of, peers), 0.6);
  goal("peak RSS MiB, 8 x 128 MiB", of.layaway.peakRssBytes / mebibyte, 192);
  const single = await compare("1 x 1 GiB", one, store.endpoint, ["layaway", "bare", ...peers]);
  goal("CPU s/GiB, 1 x 1 GiB", single.layaway.cpuSeconds / one.gibibytes, 1.8);
  goalAgainst("wall, 1 x 1 GiB", single, bestOf(single, peers), 0.6);
}

async function largeImages() {
  const image = await put(
    "large",
    numbers(16).map((place) => generated(`large/${place}`, 1024 * mebibyte * scale)),
  );
  const { layaway, bare } = await compare("16 x 1 GiB", image, store.endpoint, ["layaway", "bare"], 1);
  goal("peak RSS MiB, 16 x 1 GiB", layaway.peakRssBytes / mebibyte, 192);
  goal("CPU s/GiB, 16 x 1 GiB", layaway.cpuSeconds / image.gibibytes, 1.8);
  goal("  the same, in bare recv + SHA-256 + send", layaway.cpuSeconds / bare.cpuSeconds);
}

async function manyImages() {
  const count = 100;
  for (const place of numbers(count))
    await put(String(place), [generated(`many/${place}`, 2 * mebibyte)], "many");
  const script = join(root, "test/bench/many-images.mjs");
  const usage = await measureNode(script, [source.host, store.endpoint, String(count)], env, scratch);
  addRow(`${count} x 2 MiB at once`, "layaway", usage, (count * 2) / 1024);
  goal(`peak RSS MiB, ${count} images of 2 MiB at once`, usage.peakRssBytes / mebibyte, 320);
}

async function farAway() {
  const sizeBytes = 256 * mebibyte * (small ? 1 / 4 : 1);
  const image = await put("far", [generated("far", sizeBytes)]);
  // A connection that is 100 ms away moves its window ten times a second: 20 MiB/s.
  const link = await startFarLink({ port: source.port, roundTripMs: 100, windowBytes: 2 * mebibyte });
  const far = { ...image, host: link.host, image: image.image.replace(source.host, link.host) };
  const of = await compare("256 MiB, 100 ms away", far, store.endpoint, ["layaway", "bare"], 1);
  await link.stop();
  goal(
    "rate from 100 ms away, in one sequential request",
    of.bare.wallSeconds / of.layaway.wallSeconds,
    4,
    "least",
  );
}

async function growing() {
  const { stdout } = await measureNode(join(root, "test/bench/growth.mjs"), [], env, scratch);
  const { perGibibyte, perLayer } = JSON.parse(stdout);
  goal("CPU per GiB, 10,000 parts of 64 KiB in 100", perGibibyte[10_000] / perGibibyte[100], 1.25);
  goal("CPU of planning per layer, 10,000 layers in 100", perLayer[10_000] / perLayer[100], 1.5);
}

async function realStore() {
  const found = needs("ceph");
  if (found.kind === "missing") {
    console.log(`no run against a real store: ${found.reason}`);
    return;
  }
  const ceph = await startCeph();
  try {
    await ceph.createBucket("bucket");
    const { accessKeyId, secretAccessKey } = ceph.keys;
    const keys = { ...env, AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey };
    const image = await put(
      "ceph",
      numbers(4).map((place) => generated(`ceph/${place}`, 128 * mebibyte * scale)),
    );
    const { peers } = createCandidates({ ...machine, env });
    const of = await compare(
      "4 x 128 MiB to Ceph",
      image,
      ceph.endpoint,
      ["layaway", ...peers],
      small ? 1 : 2,
      keys,
    );
    goalAgainst(
      "wall to Ceph",
      of,
      bestOf(
        of,
        peers.filter((name) => !name.startsWith("skopeo")),
      ),
      0.9,
    );
    goalAgainst(
      "wall to Ceph",
      of,
      peers.find((name) => name.startsWith("skopeo")),
      0.4,
    );
  } finally {
    await ceph.stop();
  }
}

/** Every candidate once per round, one after the other, so that a slow minute meets all of them; the medians. */
async function compare(label, image, endpoint, names, times = rounds, keys = env) {
  const { run } = createCandidates({ ...machine, env: keys });
  const usages = Object.fromEntries(names.map((name) => [name, []]));
  for (const round of numbers(times)) {
    for (const name of names) {
      console.log(`${label}: ${name} (${round + 1} of ${times})`);
      const before = await store.bytesReceived();
      usages[name].push(await run[name]({ ...image, endpoint }));
      const sent = (await store.bytesReceived()) - before;
      if (endpoint === store.endpoint && sent < image.gibibytes * 1024 ** 3)
        throw new Error(`${name}: the store got only ${sent} bytes`);
    }
  }
  const medians = Object.fromEntries(names.map((name) => [name, medianUsage(usages[name])]));
  for (const name of names) addRow(label, name, medians[name], image.gibibytes);
  const onDisk = medians.layaway.diskBytes / mebibyte;
  if (onDisk >= 1) goal(`MiB written to disk, ${label}`, onDisk, 0);
  return medians;
}

function medianUsage(usages) {
  const middle = (key) =>
    usages.map((usage) => usage[key]).toSorted((a, b) => a - b)[Math.floor(usages.length / 2)];
  return Object.fromEntries(
    ["wallSeconds", "cpuSeconds", "peakRssBytes", "diskBytes"].map((key) => [key, middle(key)]),
  );
}

function generated(seed, sizeBytes) {
  return { seed, blob: generatedBlob(seed, sizeBytes) };
}

async function put(tag, layers, repository = "bench") {
  const seeds = new Map(layers.map(({ seed, blob }) => [blob.digest, seed]));
  await source.add(repository, tag, await makeImage({ layers: layers.map(({ blob }) => blob) }), seeds);
  return {
    image: `${source.host}/${repository}:${tag}`,
    host: source.host,
    digests: [...seeds.keys()],
    gibibytes: layers.reduce((bytes, { blob }) => bytes + blob.sizeBytes, 0) / 1024 ** 3,
  };
}

function bestOf(usages, names) {
  return names.toSorted((a, b) => usages[a].wallSeconds - usages[b].wallSeconds)[0];
}

function goalAgainst(what, usages, peer, most) {
  if (peer !== undefined)
    goal(`${what}, in ${peer}`, usages.layaway.wallSeconds / usages[peer].wallSeconds, most);
}

/** Without a limit it is only told. */
function goal(figure, measured, limit, sense = "most") {
  const verdict =
    limit === undefined ? "" : (sense === "most" ? measured <= limit : measured >= limit) ? "met" : "missed";
  goals.push({ figure, measured, goal: limit === undefined ? "" : `at ${sense} ${limit}`, verdict });
}

function addRow(image, candidate, { wallSeconds, cpuSeconds, peakRssBytes, diskBytes }, gibibytes) {
  rows.push({
    image,
    candidate,
    "wall s": rounded(wallSeconds),
    "MiB/s": Math.round((gibibytes * 1024) / wallSeconds),
    "CPU s/GiB": rounded(cpuSeconds / gibibytes),
    "peak RSS MiB": Math.round(peakRssBytes / mebibyte),
    "disk MiB": rounded(diskBytes / mebibyte),
  });
}

function report() {
  console.log(`\nnode ${process.version}, ${availableParallelism()} cores, shared with source and store`);
  console.table(rows);
  console.table(goals.map((each) => ({ ...each, measured: rounded(each.measured) })));
  const missing = missingPeers(hasCommand);
  if (missing.length > 0) console.log(`not found, so not compared with: ${missing.join(", ")}`);
  if (small) console.log("in a small run starting outweighs the rest: its verdicts mean nothing");
  const missed = goals.filter(({ verdict }) => verdict === "missed");
  process.exitCode = small || missed.length === 0 ? 0 : 1;
}

function numbers(count) {
  return Array.from({ length: count }, (_, number) => number);
}

function rounded(figure) {
  return Number(figure.toFixed(2));
}
