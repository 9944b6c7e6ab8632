import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import type { ObjectStore } from "@layaway/object-store";
import { createOssStore } from "@layaway/object-store-oss";
import { createS3Store } from "@layaway/object-store-s3";
import {
  busyboxGreeting,
  busyboxImage,
  describeWithServers,
  type Dockerd,
  type DockerRegistry,
  type DockerdUnavailable,
  makeImage,
  type RunningOss,
  pushImage,
  type RunningS3,
  skipTest,
  startDockerd,
  startDockerRegistry,
  startOssFront,
  startSwift,
  type TestImage,
} from "@layaway/testing";
import { afterAll, beforeAll, expect, it, type TestContext } from "vitest";

import { layaway, startLayaway } from "./layaway.ts";

const run = promisify(execFile);

async function bytesOf(store: ObjectStore, key: string): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of await store.get(key)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

describeWithServers("layaway archive", ["docker-registry", "swift", "dockerd", "skopeo", "busybox"], () => {
  let registry: DockerRegistry;
  let s3: RunningS3;
  let oss: RunningOss;
  let engine: Dockerd | DockerdUnavailable;
  let busybox: TestImage;
  let zstd: TestImage;
  let plain: TestImage;
  let directory: string;
  let s3Store: ObjectStore;
  let ossStore: ObjectStore;

  beforeAll(async () => {
    [registry, s3, engine] = await Promise.all([
      startDockerRegistry(),
      startSwift({ minPartBytes: 102_400 }),
      startDockerd(),
    ]);
    oss = await startOssFront({ s3 });
    await s3.createBucket("archives");
    await s3.createBucket("partner");
    busybox = await busyboxImage();
    zstd = await makeImage({
      family: "oci",
      seed: "end to end",
      layers: [
        { sizeBytes: 14_000_000, compression: "zstd" },
        { sizeBytes: 300_000 },
        { sizeBytes: 51_200, compression: "none" },
        { sizeBytes: 60_000, compression: "zstd:chunked" },
      ],
    });
    const shared = { sizeBytes: 40_000, seed: "shared" };
    plain = await makeImage({ layers: [shared, { sizeBytes: 51_200, compression: "none" }, shared] });
    await pushImage({ registry: registry.host, repository: "team/plain", tag: "v1", image: plain });
    await pushImage({ registry: registry.host, repository: "team/busybox", tag: "1", image: busybox });
    await pushImage({ registry: registry.host, repository: "team/data", tag: "v1", image: zstd });
    directory = await mkdtemp(join(tmpdir(), "layaway-archive-"));
    s3Store = createS3Store({
      bucket: "archives",
      prefix: "",
      region: s3.region,
      endpoint: s3.endpoint,
      pathStyle: true,
      checksums: "auto",
      credentials: s3.keys,
    });
    ossStore = createOssStore({
      bucket: "partner",
      prefix: "",
      region: oss.region,
      endpoint: oss.endpoint,
      cname: false,
      pathStyle: true,
      credentials: { accessKeyId: oss.keys.accessKeyId, accessKeySecret: oss.keys.accessKeySecret },
    });
  });
  afterAll(async () => {
    await s3Store.close();
    await ossStore.close();
    await oss.stop();
    await Promise.all([registry.stop(), s3.stop(), engine.kind === "running" ? engine.stop() : undefined]);
    await rm(directory, { recursive: true });
  });

  const env = (): Record<string, string> => ({
    AWS_ACCESS_KEY_ID: s3.keys.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.keys.secretAccessKey,
    OSS_ACCESS_KEY_ID: oss.keys.accessKeyId,
    OSS_ACCESS_KEY_SECRET: oss.keys.accessKeySecret,
  });
  const dockerOr = (context: TestContext): Dockerd["docker"] =>
    engine.kind === "running" ? engine.docker : skipTest(context, engine.reason);
  const toS3 = (): string => `s3://archives?endpoint=${s3.endpoint}&region=${s3.region}&pathStyle=true`;
  const toOss = (): string => `oss://partner?endpoint=${oss.endpoint}&region=${oss.region}&pathStyle=true`;
  const archive = async (image: string, destination: string, ...more: string[]) => {
    const ended = await layaway(["archive", image, destination, "--json", ...more], env());
    expect(ended.stderr).toBe("");
    expect(ended.status).toBe(0);
    return JSON.parse(ended.stdout) as {
      key: string;
      digest: string;
      outcome: string;
      size: number;
      bytes: { fetched: number };
    };
  };

  it("gives the same bytes through S3, OSS and a directory, and the same again", async () => {
    const image = `${registry.host}/team/data:v1`;
    const viaS3 = await archive(image, toS3());
    const viaOss = await archive(image, toOss(), "--part-size", "5MiB");
    const viaFile = await archive(image, `file://${directory}`);
    const objects = [await bytesOf(s3Store, viaS3.key), await bytesOf(ossStore, viaOss.key)];
    const { stdout } = await run("sha256sum", [join(directory, viaFile.key)]);
    const digests = [...objects.map(sha256), stdout.slice(0, 64)];
    expect(new Set(digests).size).toBe(1);
    expect(viaS3.digest).toBe(zstd.digest);

    const again = await archive(image, toS3());
    expect(again).toMatchObject({ outcome: "already-there", bytes: { fetched: 0 } });
    const replaced = await archive(image, toS3(), "--key", "again.tar");
    expect(replaced.outcome).toBe("archived");
    expect(sha256(await bytesOf(s3Store, "again.tar"))).toBe(digests[0]);
  });

  it("gives a tar that docker loads, whose container prints what the original prints", async (context) => {
    const docker = dockerOr(context);
    const { key } = await archive(`${registry.host}/team/busybox:1`, toS3());
    const file = join(directory, "busybox.tar");
    await writeFile(file, await bytesOf(s3Store, key));
    const loaded = await docker("load", "-i", file);
    expect(loaded).toContain(`${registry.host}/team/busybox:1`);
    const printed = await docker("run", "--rm", "--network", "none", `${registry.host}/team/busybox:1`);
    expect(printed.trim()).toBe(busyboxGreeting);
  });

  it("gives a tar that docker loads when a layer is plain and another one is used twice", async (context) => {
    const docker = dockerOr(context);
    const { key } = await archive(`${registry.host}/team/plain:v1`, toS3());
    const file = join(directory, "plain.tar");
    await writeFile(file, await bytesOf(s3Store, key));
    await docker("load", "-i", file);
    const id = await docker("image", "inspect", "--format", "{{.Id}}", `${registry.host}/team/plain:v1`);
    expect(id.trim()).toBe(plain.configDigest);
  });

  it("gives a tar whose zstd layers skopeo reads as a docker archive", async () => {
    const { key } = await archive(`${registry.host}/team/data:v1`, toS3());
    const file = join(directory, "data.tar");
    await writeFile(file, await bytesOf(s3Store, key));
    // As a docker archive skopeo decompresses each layer and compares it with its diff_id.
    await run("skopeo", ["copy", `docker-archive:${file}`, `dir:${join(directory, "copied")}`]);
    const manifest = JSON.parse(await readFile(join(directory, "copied", "manifest.json"), "utf8")) as {
      layers: unknown[];
    };
    expect(manifest.layers.length).toBe(zstd.layers.length);
  });

  it("gives a tar in which skopeo finds the original manifest digest, and which system tar lists", async () => {
    const { key } = await archive(`${registry.host}/team/data:v1`, toS3());
    const file = join(directory, "skopeo.tar");
    await writeFile(file, await bytesOf(s3Store, key));
    const asOci = await run("skopeo", ["inspect", "--format", "{{.Digest}}", `oci-archive:${file}`]);
    expect(asOci.stdout.trim()).toBe(zstd.digest);
    const asDocker = await run("skopeo", ["inspect", "--config", `docker-archive:${file}`]);
    expect(JSON.parse(asDocker.stdout)).toMatchObject({ rootfs: { diff_ids: zstd.diffIds } });
    await run("skopeo", [
      "copy",
      "--preserve-digests",
      "--dest-tls-verify=false",
      `oci-archive:${file}`,
      `docker://${registry.host}/team/copy:v1`,
    ]);
    const copied = await run("skopeo", [
      "inspect",
      "--tls-verify=false",
      "--format",
      "{{.Digest}}",
      `docker://${registry.host}/team/copy:v1`,
    ]);
    expect(copied.stdout.trim()).toBe(zstd.digest);
    const listed = await run("tar", ["-tf", file]);
    expect(listed.stdout.split("\n").slice(0, 3)).toEqual(["oci-layout", "index.json", "manifest.json"]);
  });

  it("prints what skopeo inspect prints", async () => {
    const reference = `${registry.host}/team/data:v1`;
    const ours = await layaway(["inspect", reference]);
    const theirs = await run("skopeo", ["inspect", "--tls-verify=false", `docker://${reference}`]);
    // skopeo 1.9 does not know LayersData yet, later ones do.
    expect(JSON.parse(ours.stdout)).toMatchObject(JSON.parse(theirs.stdout) as object);
    const raw = await layaway(["inspect", "--raw", reference]);
    expect(raw.stdout).toBe(zstd.manifestBytes.toString());
  });

  it("prints for people what it did and how to restore it", async () => {
    const ended = await layaway(["archive", `${registry.host}/team/busybox:1`, toS3()], env());
    expect(ended.stdout).toMatch(/^digest +sha256:[0-9a-f]{64}$/m);
    expect(ended.stdout).toMatch(
      /^restore +aws s3 cp --endpoint-url \S+ s3:\/\/archives\/\S+\.tar - \| docker load$/m,
    );
  });

  it("leaves nothing behind when Ctrl-C stops it in the middle", async () => {
    const started = startLayaway(
      [
        "archive",
        `${registry.host}/team/data:v1`,
        toS3(),
        "--key",
        "interrupted.tar",
        "--limit",
        "1MB/s",
        "--part-size",
        "5MiB",
      ],
      env(),
    );
    await started.line(/ of 14\.\d MB /).catch(() => {});
    started.kill("SIGINT");
    const ended = await started.ended;
    expect(ended.status).toBe(130);
    expect(ended.stderr.trimEnd().split("\n").at(-1)).toMatch(/^layaway: cancelled: /);
    expect(await s3Store.head("interrupted.tar")).toBeUndefined();
    expect(await s3Store.listUploads("")).toEqual([]);
  });
});
