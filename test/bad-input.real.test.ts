import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createS3Store } from "@layaway/object-store-s3";
import {
  describeWithServers,
  type FaultRegistry,
  makeImage,
  putImage,
  type RunningS3,
  startFaultRegistry,
  startSwift,
  type TestImage,
} from "@layaway/testing";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";

import { layaway } from "./layaway.ts";

const manifestType = "application/vnd.oci.image.manifest.v1+json";

describeWithServers("bad input to layaway archive", ["swift"], () => {
  let s3: RunningS3;
  let registry: FaultRegistry;
  let closed: FaultRegistry;
  let image: TestImage;
  let directory: string;

  beforeAll(async () => {
    s3 = await startSwift();
    await s3.createBucket("archives");
    image = await makeImage({ layers: [{ sizeBytes: 6_000_000 }, { sizeBytes: 5000 }] });
    closed = await startFaultRegistry({ auth: { kind: "token", users: { partner: "canary-password" } } });
    putImage(closed, "team/app", image, ["1"]);
  });
  beforeEach(async () => {
    registry = await startFaultRegistry();
    putImage(registry, "team/app", image, ["1"]);
    directory = await mkdtemp(join(tmpdir(), "layaway-bad-input-"));
  });
  afterEach(async () => {
    await registry.stop();
    await rm(directory, { recursive: true });
  });
  afterAll(async () => {
    await closed.stop();
    await s3.stop();
  });

  const keys = (pair = s3.keys): Record<string, string> => ({
    AWS_ACCESS_KEY_ID: pair.accessKeyId,
    AWS_SECRET_ACCESS_KEY: pair.secretAccessKey,
  });
  const bucket = (name = "archives"): string =>
    `s3://${name}/images?endpoint=${s3.endpoint}&region=${s3.region}&pathStyle=true`;

  /** Runs the command, and holds that it ends as it should, in one line, with nothing left behind. */
  async function expectRefusal(
    args: readonly string[],
    expected: { readonly status: number; readonly code: string; readonly names: RegExp },
    env: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const ended = await layaway(args, { ...keys(), ...env });
    const lines = ended.stderr.trimEnd().split("\n");
    expect(lines.at(-1)).toMatch(new RegExp(`^layaway: ${expected.code}: .{10,}$`));
    expect(lines.at(-1)).toMatch(expected.names);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect(ended.stderr).not.toMatch(/canary|swift-secret/);
    expect(ended.stdout).toBe("");
    expect(ended.status).toBe(expected.status);
    const store = createS3Store({
      bucket: "archives",
      prefix: "",
      region: s3.region,
      endpoint: s3.endpoint,
      pathStyle: true,
      checksums: "auto",
      credentials: s3.keys,
    });
    expect(await store.listUploads("")).toEqual([]);
    expect((await store.list("")).objects).toEqual([]);
    await store.close();
  }

  it("refuses a malformed reference", () =>
    expectRefusal(["archive", "Team/App:1", bucket()], {
      status: 2,
      code: "invalid_reference",
      names: /Team\/App/,
    }));

  it("refuses an option it does not know", () =>
    expectRefusal(["archive", "nginx", bucket(), "--compress"], {
      status: 2,
      code: "invalid_request",
      names: /--compress/,
    }));

  it("refuses a rate that is none", () =>
    expectRefusal(["archive", "nginx", bucket(), "--limit", "fast"], {
      status: 2,
      code: "invalid_request",
      names: /fast/,
    }));

  it("refuses credentials in a destination's URL", () =>
    expectRefusal(["archive", "nginx", "s3://key:canary@archives/x"], {
      status: 2,
      code: "invalid_request",
      names: /credential/i,
    }));

  it("says that a destination is not configured", () =>
    expectRefusal(["archive", "nginx", "nowhere"], {
      status: 4,
      code: "destination_unknown",
      names: /nowhere/,
    }));

  it("says that a tag does not exist", () =>
    expectRefusal(["archive", `${registry.host}/team/app:2`, bucket()], {
      status: 4,
      code: "manifest_unknown",
      names: /team\/app\/manifests\/2/,
    }));

  it("says that a private repository wants credentials", () =>
    expectRefusal(["archive", `${closed.host}/team/app:1`, bucket()], {
      status: 1,
      code: "unauthorized",
      names: /team\/app/,
    }));

  it("says that the credentials are wrong, without printing them", () =>
    expectRefusal(["archive", `${closed.host}/team/app:1`, bucket(), "--creds", "partner:canary-wrong"], {
      status: 1,
      code: "unauthorized",
      names: /team\/app/,
    }));

  it("names the platforms that there are", () =>
    expectRefusal(["archive", `${registry.host}/team/app:1`, bucket(), "--platform", "linux/s390x"], {
      status: 4,
      code: "platform_not_found",
      names: /linux\/s390x.*linux\/amd64/,
    }));

  it("refuses a schema 1 manifest", async () => {
    const mediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    const bytes = Buffer.from(
      JSON.stringify({ schemaVersion: 1, name: "team/app", tag: "old", fsLayers: [] }),
    );
    registry.putManifest("team/app", { mediaType, bytes }, ["old"]);
    await expectRefusal(["archive", `${registry.host}/team/app:old`, bucket()], {
      status: 1,
      code: "manifest_schema1_unsupported",
      names: /sha256:/,
    });
  });

  it("refuses an artifact that is no image", async () => {
    const config = Buffer.from("{}");
    registry.putBlob("team/chart", config);
    const bytes = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: {
          mediaType: "application/vnd.cncf.helm.config.v1+json",
          digest: registry.putBlob("team/chart", config),
          size: config.length,
        },
        layers: [],
      }),
    );
    registry.putManifest("team/chart", { mediaType: manifestType, bytes }, ["1"]);
    await expectRefusal(["archive", `${registry.host}/team/chart:1`, bucket()], {
      status: 1,
      code: "not_an_image",
      names: /helm/,
    });
  });

  it("refuses bytes that do not have their digest", async () => {
    registry.inject({ on: "blob", flipAt: 4000, times: 100 });
    await expectRefusal(["archive", `${registry.host}/team/app:1`, bucket()], {
      status: 1,
      code: "digest_mismatch",
      names: /sha256:/,
    });
  });

  it("refuses a body that stays too short", async () => {
    registry.inject({ on: "blob", ignoreRange: true, framing: "close", truncateAfter: 0, times: 1000 });
    await expectRefusal(["archive", `${registry.host}/team/app:1`, bucket()], {
      status: 1,
      code: "(size_mismatch|source_unavailable)",
      names: /sha256:/,
    });
  });

  it("refuses a body that does not end", async () => {
    registry.inject({ on: "blob", ignoreRange: true, framing: "chunked", extraBytes: 5000, times: 1000 });
    await expectRefusal(["archive", `${registry.host}/team/app:1`, bucket()], {
      status: 1,
      code: "size_mismatch",
      names: /sha256:/,
    });
  });

  it("says that a bucket does not exist", () =>
    expectRefusal(["archive", `${registry.host}/team/app:1`, bucket("no-such-bucket")], {
      status: 4,
      code: "destination_unknown",
      names: /no-such-bucket/,
    }));

  it("says that the destination's keys are wrong", () =>
    expectRefusal(
      ["archive", `${registry.host}/team/app:1`, bucket()],
      { status: 3, code: "destination_denied", names: /archives/ },
      { AWS_SECRET_ACCESS_KEY: "swift-secret-wrong" },
    ));

  it("says that the destination may not be written", () =>
    expectRefusal(
      ["archive", `${registry.host}/team/app:1`, bucket()],
      { status: 3, code: "destination_denied", names: /archives/ },
      keys(s3.strangerKeys),
    ));

  it("says that a directory cannot be written", () =>
    expectRefusal(["archive", `${registry.host}/team/app:1`, "file:///sys/layaway"], {
      status: 3,
      code: "destination_denied",
      names: /\/sys\/layaway/,
    }));

  it("says that nobody listens at the registry's address", () =>
    expectRefusal(["archive", "127.0.0.1:1/team/app:1", bucket()], {
      status: 1,
      code: "source_unavailable",
      names: /127\.0\.0\.1:1/,
    }));

  it("says that nobody listens at the store's address", () =>
    expectRefusal(
      [
        "archive",
        `${registry.host}/team/app:1`,
        "s3://archives?endpoint=http://127.0.0.1:1&region=us-east-1&pathStyle=true",
      ],
      {
        status: 1,
        code: "destination_unavailable",
        names: /archives/,
      },
    ));

  it("says that Redis cannot be reached when a worker starts", () =>
    expectRefusal(
      ["worker"],
      { status: 1, code: "internal", names: /127\.0\.0\.1:1/ },
      { REDIS_URL: "redis://127.0.0.1:1", LAYAWAY_CONFIG: new URL("fs-only.yaml", import.meta.url).pathname },
    ));

  it("leaves no file behind when a directory's archive fails", async () => {
    registry.inject({ on: "blob", flipAt: 4000, times: 100 });
    const { status } = await layaway(["archive", `${registry.host}/team/app:1`, `file://${directory}`]);
    expect(status).toBe(1);
    const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map((file) => file.name)).toEqual([]);
  });
});
