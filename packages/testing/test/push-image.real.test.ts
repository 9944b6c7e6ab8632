import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import {
  busyboxGreeting,
  busyboxImage,
  describeWithServers,
  digestOf,
  makeImage,
  makeIndex,
  pushImage,
  registryCredentials,
  skipTest,
  startDockerd,
  startDockerRegistry,
} from "@layaway/testing";
import { expect, test } from "vitest";

const run = promisify(execFile);

describeWithServers("pushImage into a real registry", ["docker-registry"], () => {
  test("an index with its images and attestations stands there under its tag", async () => {
    const registry = await startDockerRegistry();
    const images = [
      await makeImage({ family: "oci" }),
      await makeImage({ family: "oci", platform: "linux/arm64" }),
    ];
    const index = makeIndex({ images, attestations: true });
    await pushImage({ registry: registry.host, repository: "team/app", tag: "1.0", image: index });
    const answer = await fetch(`${registry.url}/v2/team/app/manifests/1.0`, {
      headers: { accept: index.mediaType },
    });
    expect(digestOf(Buffer.from(await answer.arrayBuffer()))).toBe(index.digest);
    await registry.stop();
  });

  test("a registry with authentication takes the credentials and nothing else", async () => {
    const registry = await startDockerRegistry({ auth: true });
    const push = { registry: registry.host, repository: "app", tag: "1", image: await makeImage() };
    await expect(pushImage(push)).rejects.toThrow(/401/u);
    await pushImage({ ...push, ...registryCredentials });
    await registry.stop();
  });
});

describeWithServers("the images are real", ["docker-registry", "skopeo"], () => {
  test("skopeo unpacks layers of every compression and finds the digest of the manifest", async () => {
    const registry = await startDockerRegistry();
    const layers = (["gzip", "zstd", "zstd:chunked", "none"] as const).map((compression) => ({
      sizeBytes: 65_536,
      compression,
    }));
    const image = await makeImage({ family: "oci", layers });
    await pushImage({ registry: registry.host, repository: "app", tag: "1", image });
    const from = `docker://${registry.host}/app:1`;
    await run("skopeo", [
      "--insecure-policy",
      "copy",
      "--src-tls-verify=false",
      "--dest-decompress",
      from,
      `dir:${registry.directory}/out`,
    ]);
    const unpacked = JSON.parse(await readFile(`${registry.directory}/out/manifest.json`, "utf8")) as {
      layers: { digest: string }[];
    };
    expect(unpacked.layers.map((layer) => layer.digest)).toEqual(image.diffIds);
    const { stdout } = await run("skopeo", [
      "inspect",
      "--tls-verify=false",
      "--format",
      "{{.Digest}}",
      from,
    ]);
    expect(stdout.trim()).toBe(image.digest);
    await registry.stop();
  });
});

describeWithServers("the busybox image", ["docker-registry", "dockerd", "busybox"], () => {
  test("a docker engine pulls it, runs it, and it prints its greeting", async (context) => {
    const engine = await startDockerd();
    if (engine.kind === "unavailable") return skipTest(context, engine.reason);
    const registry = await startDockerRegistry();
    await pushImage({ registry: registry.host, repository: "app", tag: "1", image: await busyboxImage() });
    await engine.docker("pull", `${registry.host}/app:1`);
    const printed = await engine.docker("run", "--rm", "--network", "none", `${registry.host}/app:1`);
    expect(printed).toBe(`${busyboxGreeting}\n`);
    await registry.stop();
    await engine.stop();
    return undefined;
  });
});
