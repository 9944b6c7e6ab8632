// `npm run bench`: what archiving costs, as a table. `-- --small` takes a sixteenth of the sizes, to see that it works.
// The source and the object store are servers on loopback in this process that cost little; each candidate runs as a process of its own.
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

import { build, hasCommand, installModules, root } from "./prepare.mjs";

installModules();
build();
const { generatedBlob, makeImage, putImage, startFaultRegistry } =
  await import("../packages/testing/dist/index.js");
const { startNullS3 } = await import("../test/bench/null-s3.mjs");
const { measureCommands, measureNode } = await import("../test/bench/measure.mjs");

const mebibyte = 1024 * 1024;
const scale = process.argv.includes("--small") ? 1 / 16 : 1;
const cases = [
  { tag: "8x128MiB", layers: 8, layerBytes: 128 * mebibyte * scale, peers: true },
  { tag: "1x1GiB", layers: 1, layerBytes: 1024 * mebibyte * scale, peers: true },
  { tag: "4x1GiB", layers: 4, layerBytes: 1024 * mebibyte * scale, peers: false },
];
const env = {
  AWS_ACCESS_KEY_ID: "bench",
  AWS_SECRET_ACCESS_KEY: "bench",
  AWS_REGION: "us-east-1",
  AWS_EC2_METADATA_DISABLED: "true",
};

const scratch = await mkdtemp(join(tmpdir(), "layaway-bench-"));
const registry = await startFaultRegistry();
const store = await startNullS3();
try {
  const rows = [];
  for (const { tag, layers, layerBytes, peers } of cases) {
    console.log(`making ${tag}${scale === 1 ? "" : ` (scaled by ${scale})`}`);
    const blobs = Array.from({ length: layers }, (_, place) => generatedBlob(`${tag}/${place}`, layerBytes));
    putImage(registry, "bench", await makeImage({ layers: blobs }), [tag]);
    const gibibytes = (layers * layerBytes) / 1024 ** 3;
    for (const { name, run } of candidates(tag, blobs, peers)) {
      console.log(`running ${name}`);
      const before = store.bytesReceived();
      const usage = await run();
      const sent = store.bytesReceived() - before;
      if (sent < layers * layerBytes) throw new Error(`${name}: the store got only ${sent} bytes`);
      rows.push({ image: tag, candidate: name, ...figures(usage, gibibytes) });
    }
  }
  console.log(
    `\nnode ${process.version}, ${availableParallelism()} cores, source and store in one process on the same machine`,
  );
  console.table(rows);
  const missing = ["crane", "skopeo", "aws"].filter((command) => !hasCommand(command));
  if (missing.length > 0) console.log(`not installed, so not compared with: ${missing.join(", ")}`);
  judge(rows);
} finally {
  await registry.stop();
  await store.stop();
  await rm(scratch, { recursive: true, force: true });
}

/** Each has a name, and runs once. */
function candidates(tag, blobs, peers) {
  const image = `${registry.host}/bench:${tag}`;
  const own = ["archive", image, `s3://bucket/layaway?endpoint=${store.endpoint}&pathStyle=true`, "--json"];
  const bare = [registry.host, "bench", store.endpoint, ...blobs.map(({ digest }) => digest)];
  const tar = join(scratch, "image.tar");
  const skopeo = [
    "skopeo",
    "--insecure-policy",
    "copy",
    "--src-tls-verify=false",
    `docker://${image}`,
    `docker-archive:${tar}`,
  ];
  const aws = [
    "aws",
    "--endpoint-url",
    store.endpoint,
    "s3",
    "cp",
    "--no-progress",
    tar,
    "s3://bucket/image.tar",
  ];
  const pipe = `crane pull --insecure "$0" /dev/stdout | aws --endpoint-url "$1" s3 cp --no-progress - s3://bucket/crane.tar`;
  const piped = ["bash", "-o", "pipefail", "-c", pipe, image, store.endpoint];
  const theirs = async () => {
    const usage = await measureCommands([skopeo, aws], { ...env, TMPDIR: scratch });
    await rm(tar);
    return usage;
  };
  return [
    {
      name: "layaway archive",
      run: () => measureNode(join(root, "apps/cli/bin/layaway.js"), own, env, scratch),
    },
    {
      name: "bare GET, hash, PUT",
      run: () => measureNode(join(root, "test/bench/bare-loop.mjs"), bare, env, scratch),
    },
    ...(peers && hasCommand("crane") && hasCommand("aws")
      ? [{ name: "crane | aws s3 cp -", run: () => measureCommands([piped], env) }]
      : []),
    ...(peers && hasCommand("skopeo") && hasCommand("aws")
      ? [{ name: "skopeo, aws s3 cp", run: theirs }]
      : []),
  ];
}

function figures({ wallSeconds, cpuSeconds, peakRssBytes, diskBytes }, gibibytes) {
  return {
    "wall s": Number(wallSeconds.toFixed(2)),
    "MiB/s": Math.round((gibibytes * 1024) / wallSeconds),
    "CPU s/GiB": Number((cpuSeconds / gibibytes).toFixed(2)),
    "peak RSS MiB": Math.round(peakRssBytes / mebibyte),
    "disk MiB": Number((diskBytes / mebibyte).toFixed(1)),
  };
}

/** What is promised of ours: at most 256 MiB at default settings whatever the image's size, and nothing on disk. */
function judge(rows) {
  const broken = rows.filter(
    (row) => row.candidate === "layaway archive" && (row["peak RSS MiB"] > 256 || row["disk MiB"] > 0),
  );
  for (const row of broken) console.log(`${row.image}: more than 256 MiB of memory, or bytes on disk`);
  process.exitCode = broken.length === 0 ? 0 : 1;
}
