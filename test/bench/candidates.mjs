import { rm } from "node:fs/promises";
import { join } from "node:path";

import { measureCommands, measureNode } from "./measure.mjs";

/** What an image is moved with: from a registry's image into an S3 bucket. Each runs once per call. */
export function createCandidates({ scratch, env, root, hasCommand }) {
  let runs = 0;
  const awsTo = (endpoint, name) =>
    `aws --endpoint-url ${endpoint} s3 cp --no-progress ${name} s3://bucket/peer-${(runs += 1)}.tar`;
  const piped = (command, endpoint) => {
    const pipe = `${command} | ${awsTo(endpoint, "-")}`;
    return measureCommands([["bash", "-o", "pipefail", "-c", pipe]], { ...env, TMPDIR: scratch });
  };

  const all = {
    layaway: ({ image, endpoint }) => {
      const destination = `s3://bucket/own-${(runs += 1)}?endpoint=${endpoint}&pathStyle=true`;
      const script = join(root, "apps/cli/bin/layaway.js");
      return measureNode(script, ["archive", image, destination, "--json"], env, scratch);
    },
    bare: ({ host, digests, endpoint }) => {
      const script = join(root, "test/bench/bare-loop.mjs");
      return measureNode(script, [host, "bench", endpoint, ...digests], env, scratch);
    },
    "crane | aws s3 cp -": ({ image, endpoint }) =>
      piped(`crane pull --insecure ${image} /dev/stdout`, endpoint),
    "regctl | aws s3 cp -": ({ image, host, endpoint }) =>
      piped(`regctl --host reg=${host},tls=disabled image export ${image} -`, endpoint),
    "skopeo, aws s3 cp": async ({ image, endpoint }) => {
      const tar = join(scratch, "image.tar");
      const copy = ["skopeo", "--insecure-policy", "copy", "--src-tls-verify=false"];
      const commands = [
        [...copy, `docker://${image}`, `docker-archive:${tar}`],
        ["bash", "-c", awsTo(endpoint, tar)],
      ];
      const usage = await measureCommands(commands, { ...env, TMPDIR: scratch });
      await rm(tar);
      return usage;
    },
  };
  const peers = Object.keys(all).filter((name) => name.includes("aws"));
  return {
    run: all,
    peers: peers.filter((name) =>
      name.match(/\w+/gu).every((word) => !tools.includes(word) || hasCommand(word)),
    ),
  };
}

const tools = ["crane", "regctl", "skopeo", "aws"];

/** Tools to compare with that are not on PATH. */
export function missingPeers(hasCommand) {
  return tools.filter((tool) => !hasCommand(tool));
}
