import { CancelledError } from "@layaway/errors";
import {
  archivedDigest,
  defaultPlatform,
  dockerManifestList,
  MalformedImageError,
  ociIndex,
  ociManifest,
  parsePlatform,
  PlatformNotFoundError,
  sha256Of,
} from "@layaway/oci";
import { describe, expect, test } from "vitest";

import { ManifestUnknownError } from "../src/index.ts";
import {
  descriptorOf,
  json,
  leaseOf,
  putImage,
  putIndex,
  repository,
  signal,
  startFixture,
} from "./fixture.ts";

const arm64 = parsePlatform("linux/arm64");

describe("a single image", () => {
  test("is resolved with its manifest, config and platform", async () => {
    const { server, client, reference } = await startFixture();
    const image = putImage(server, { tags: ["1"] });
    const resolved = await client.resolve(reference(":1"), { platform: undefined, signal });
    expect(resolved.primary.platform).toEqual(defaultPlatform);
    expect(Buffer.from(resolved.primary.raw.bytes)).toEqual(image.manifestBytes);
    expect(Buffer.from(resolved.primary.configBytes)).toEqual(image.configBytes);
    expect(resolved.root).toEqual(resolved.primary.raw);
    expect(resolved.indexes).toEqual([]);
    expect(resolved.images).toEqual([resolved.primary]);
    expect(archivedDigest(resolved)).toBe(image.descriptor.digest);
  });

  test("is taken whatever its platform is, unless one was asked for", async () => {
    const { server, client, reference } = await startFixture();
    putImage(server, { architecture: "arm64", variant: "v8", tags: ["1"] });
    const resolved = await client.resolve(reference(":1"), { platform: undefined, signal });
    expect(resolved.primary.platform).toEqual(arm64);
    expect((await client.resolve(reference(":1"), { platform: arm64, signal })).primary.platform).toEqual(
      arm64,
    );
    const other = client.resolve(reference(":1"), { platform: defaultPlatform, signal });
    await expect(other).rejects.toBeInstanceOf(PlatformNotFoundError);
    await expect(other).rejects.toMatchObject({ offered: [arm64] });
  });

  test("whose config has not one diff id for each layer is refused", async () => {
    const { server, client, reference } = await startFixture();
    putImage(server, { diffIds: 2, tags: ["1"] });
    const resolving = client.resolve(reference(":1"), { platform: undefined, signal });
    await expect(resolving).rejects.toMatchObject({ code: "not_an_image" });
  });

  test("is there for `all` too, without an index", async () => {
    const { server, client, reference } = await startFixture();
    const image = putImage(server, { tags: ["1"] });
    const resolved = await client.resolve(reference(":1"), { platform: "all", signal });
    expect(resolved.indexes).toEqual([]);
    expect(archivedDigest(resolved)).toBe(image.descriptor.digest);
  });
});

describe("an index", () => {
  const attestation = {
    mediaType: ociManifest,
    digest: `sha256:${"a".repeat(64)}`,
    size: 2,
    platform: { os: "unknown", architecture: "unknown" },
    annotations: { "vnd.docker.reference.type": "attestation-manifest" },
  };

  test("gives the image of the platform, linux/amd64 unless asked otherwise", async () => {
    const { server, client, reference } = await startFixture();
    const amd = putImage(server);
    const arm = putImage(server, { architecture: "arm64" });
    const entries = [
      { ...arm.descriptor, platform: { os: "linux", architecture: "arm64", variant: "v8" } },
      { ...amd.descriptor, platform: { os: "linux", architecture: "amd64" } },
      attestation,
    ];
    const index = putIndex(server, entries, ["1"]);
    const usual = await client.resolve(reference(":1"), { platform: undefined, signal });
    expect(usual.primary.raw.descriptor.digest).toBe(amd.descriptor.digest);
    expect(usual.root.descriptor).toEqual(index);
    expect(usual.indexes).toEqual([]);
    const asked = await client.resolve(reference(":1"), { platform: arm64, signal });
    expect(asked.primary.raw.descriptor.digest).toBe(arm.descriptor.digest);
    const missing = client.resolve(reference(":1"), { platform: parsePlatform("linux/s390x"), signal });
    await expect(missing).rejects.toBeInstanceOf(PlatformNotFoundError);
  });

  test("may be nested, with images that tell their platform only in their config", async () => {
    const { server, client, reference } = await startFixture();
    const amd = putImage(server);
    const inner = putIndex(server, [amd.descriptor]);
    putIndex(server, [inner], ["1"]);
    const resolved = await client.resolve(reference(":1"), { platform: defaultPlatform, signal });
    expect(resolved.primary.raw.descriptor.digest).toBe(amd.descriptor.digest);
    await expect(client.resolve(reference(":1"), { platform: arm64, signal })).rejects.toBeInstanceOf(
      PlatformNotFoundError,
    );
  });

  test.each(["all", undefined] as const)(
    "is refused when nested too deep (platform %s)",
    async (platform) => {
      const { server, client, reference } = await startFixture();
      let entry = putIndex(server, [putImage(server).descriptor]);
      for (let depth = 2; depth <= 4; depth += 1) entry = putIndex(server, [entry], [`deep${depth}`]);
      await expect(client.resolve(reference(":deep3"), { platform, signal })).resolves.toBeDefined();
      await expect(client.resolve(reference(":deep4"), { platform, signal })).rejects.toBeInstanceOf(
        MalformedImageError,
      );
    },
  );

  test("is kept whole with every image below it for `all`", async () => {
    const { server, client, reference } = await startFixture();
    const arm = putImage(server, { architecture: "arm64" });
    const amd = putImage(server);
    const inner = putIndex(server, [amd.descriptor, arm.descriptor]);
    const artifact = json({
      schemaVersion: 2,
      mediaType: ociManifest,
      config: {
        mediaType: "application/vnd.oci.empty.v1+json",
        digest: sha256Of(Buffer.from("{}")),
        size: 2,
      },
      layers: [],
    });
    server.putManifest(repository, { mediaType: ociManifest, bytes: artifact });
    const outer = putIndex(
      server,
      [{ ...arm.descriptor, platform: arm64 }, attestation, descriptorOf(artifact, ociManifest), inner],
      ["1"],
    );
    const resolved = await client.resolve(reference(":1"), { platform: "all", signal });
    expect(resolved.indexes.map((index) => index.descriptor.digest)).toEqual([outer.digest, inner.digest]);
    expect(resolved.images.map((image) => image.raw.descriptor.digest)).toEqual([
      arm.descriptor.digest,
      amd.descriptor.digest,
    ]);
    expect(resolved.primary.raw.descriptor.digest).toBe(amd.descriptor.digest);
    expect(archivedDigest(resolved)).toBe(outer.digest);
  });

  test("of nothing but attestations is no image", async () => {
    const { server, client, reference } = await startFixture();
    putIndex(server, [attestation], ["1"]);
    for (const platform of ["all", undefined] as const) {
      const resolving = client.resolve(reference(":1"), { platform, signal });
      await expect(resolving).rejects.toMatchObject({ code: "not_an_image" });
    }
  });
});

describe("a tag", () => {
  test("is looked at once: what it names later does not matter", async () => {
    const { server, client, reference } = await startFixture();
    const old = putImage(server, { seed: "old", tags: ["1"] });
    let release = (): void => {};
    server.inject({
      on: "manifest",
      method: "GET",
      until: new Promise<void>((resolve) => (release = resolve)),
    });
    const resolving = client.resolve(reference(":1"), { platform: undefined, signal });
    putImage(server, { seed: "new", architecture: "arm64", tags: ["1"] });
    release();
    const resolved = await resolving;
    expect(resolved.primary.raw.descriptor.digest).toBe(sha256Of(resolved.primary.raw.bytes));
    const config = resolved.primary.manifest.config.digest;
    expect(sha256Of(resolved.primary.configBytes)).toBe(config);
    expect([old.descriptor.digest, sha256Of(resolved.primary.raw.bytes)]).toContain(
      resolved.root.descriptor.digest,
    );
  });

  test("costs no GET when it still names what is known", async () => {
    const { server, client, reference } = await startFixture();
    putImage(server, { tags: ["1"] });
    await client.resolve(reference(":1"), { platform: undefined, signal });
    const before = server.log.length;
    await client.resolve(reference(":1"), { platform: undefined, signal });
    expect(server.log.slice(before).map((entry) => entry.method)).toEqual(["HEAD"]);
  });

  test.each<{ what: string; headers: Record<string, string | undefined> }>([
    { what: "absent", headers: { "docker-content-digest": undefined } },
    { what: "wrong", headers: { "docker-content-digest": `sha256:${"0".repeat(64)}` } },
    { what: "without its algorithm", headers: { "docker-content-digest": "0".repeat(64) } },
    { what: "without a size", headers: { "content-length": undefined } },
  ])("is resolved by its own bytes where the digest header is $what", async ({ headers }) => {
    const { server, client, reference } = await startFixture();
    const image = putImage(server, { tags: ["1"] });
    server.inject({ on: "manifest", headers, framing: "chunked", times: Infinity });
    const resolved = await client.resolve(reference(":1"), { platform: undefined, signal });
    expect(resolved.root.descriptor.digest).toBe(image.descriptor.digest);
  });

  test("is resolved by its own bytes where the digest that HEAD told has others", async () => {
    const { server, client, reference } = await startFixture();
    const image = putImage(server, { tags: ["1"] });
    const wrong = `sha256:${"0".repeat(64)}`;
    server.inject({ on: "manifest", method: "HEAD", headers: { "docker-content-digest": wrong } });
    const body = image.manifestBytes;
    server.inject({ on: "manifest", method: "GET", path: /sha256:0/, status: 200, body, times: Infinity });
    const resolved = await client.resolve(reference(":1"), { platform: undefined, signal });
    expect(resolved.root.descriptor.digest).toBe(image.descriptor.digest);
  });

  test.each([403, 405])("is resolved by GET where HEAD is answered with %d", async (status) => {
    const { server, client, reference } = await startFixture();
    const image = putImage(server, { tags: ["1"] });
    server.inject({ on: "manifest", method: "HEAD", status, times: Infinity });
    const raw = await client.fetchManifest(reference(":1"), { signal });
    expect(raw.descriptor.digest).toBe(image.descriptor.digest);
  });

  test.each(["MANIFEST_UNKNOWN", "NAME_UNKNOWN"])("that is not there is unknown (%s)", async (code) => {
    const { server, client, reference } = await startFixture();
    server.inject({
      on: "manifest",
      status: 404,
      body: JSON.stringify({ errors: [{ code }] }),
      times: Infinity,
    });
    const fetching = client.fetchManifest(reference(":1"), { signal });
    await expect(fetching).rejects.toBeInstanceOf(ManifestUnknownError);
  });
});

describe("a manifest by digest", () => {
  test("is asked for with all known types and verified", async () => {
    const { server, client, reference } = await startFixture();
    const { descriptor, manifestBytes } = putImage(server);
    const raw = await client.fetchManifest(reference(`@${descriptor.digest}`), { signal });
    expect(raw.descriptor).toEqual(descriptor);
    expect(Buffer.from(raw.bytes)).toEqual(manifestBytes);
    expect(server.log[0]?.headers["accept"]).toContain(`${ociIndex}, ${dockerManifestList}`);
  });

  test("is fetched once more when its bytes are damaged, and no more", async () => {
    const { server, client, reference } = await startFixture();
    const { descriptor } = putImage(server);
    server.inject({ on: "manifest", flipAt: 3 });
    await expect(client.fetchManifest(reference(`@${descriptor.digest}`), { signal })).resolves.toMatchObject(
      { descriptor },
    );
    const fresh = putImage(server, { seed: "fresh" }).descriptor;
    server.inject({ on: "manifest", flipAt: 3, times: Infinity });
    const fetching = client.fetchManifest(reference(`@${fresh.digest}`), { signal });
    await expect(fetching).rejects.toMatchObject({ code: "digest_mismatch" });
    expect(server.log).toHaveLength(4);
  });

  test.each([
    { what: "with a length", framing: "length" as const },
    { what: "without an end", framing: "chunked" as const },
  ])("of more than 4 MiB is refused, $what", async ({ framing }) => {
    const { server, client, reference } = await startFixture();
    const { descriptor } = putImage(server);
    server.inject({ on: "manifest", extraBytes: 2 ** 32, framing });
    const fetching = client.fetchManifest(reference(`@${descriptor.digest}`), { signal });
    await expect(fetching).rejects.toMatchObject({ code: "not_an_image", retryable: false });
    await server.settled();
    expect(server.log[0]?.bytesSent).toBeLessThan(64 * 1024 * 1024);
  });

  test("that is cut short is fetched again", async () => {
    const { server, client, reference } = await startFixture();
    const { descriptor } = putImage(server);
    server.inject({ on: "manifest", truncateAfter: 10 });
    await expect(client.fetchManifest(reference(`@${descriptor.digest}`), { signal })).resolves.toMatchObject(
      { descriptor },
    );
  });

  test("of schema 1 is shown as it is, and not resolved", async () => {
    const { server, client, reference } = await startFixture();
    const mediaType = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    const bytes = json({ schemaVersion: 1, fsLayers: [] });
    server.putManifest(repository, { mediaType, bytes }, ["1"]);
    await expect(client.fetchManifest(reference(":1"), { signal })).resolves.toMatchObject({
      descriptor: { mediaType },
    });
    const resolving = client.resolve(reference(":1"), { platform: undefined, signal });
    await expect(resolving).rejects.toMatchObject({ code: "manifest_schema1_unsupported" });
  });
});

test("an entry whose size is another than its manifest's is refused", async () => {
  const { server, client, reference } = await startFixture();
  const { descriptor } = putImage(server);
  putIndex(server, [{ ...descriptor, size: descriptor.size + 1 }], ["1"]);
  const resolving = client.resolve(reference(":1"), { platform: undefined, signal });
  await expect(resolving).rejects.toMatchObject({ code: "size_mismatch" });
});

test("a config of more than 4 MiB is not asked for", async () => {
  const { server, client, reference } = await startFixture();
  putImage(server, { configBytes: Buffer.alloc(4 * 1024 * 1024 + 1, " "), tags: ["1"] });
  const resolving = client.resolve(reference(":1"), { platform: undefined, signal });
  await expect(resolving).rejects.toMatchObject({ code: "not_an_image" });
  expect(server.log.filter((entry) => entry.kind === "blob")).toEqual([]);
});

test("manifests, configs and tokens are paid for too", async () => {
  const { server, client, reference, reserved } = await startFixture({ server: { auth: { kind: "token" } } });
  const { descriptor, configBytes } = putImage(server, { tags: ["1"] });
  await client.resolve(reference(":1"), { platform: undefined, signal });
  const token = server.log.find((entry) => entry.kind === "token")?.bytesSent;
  expect(reserved).toEqual([token, descriptor.size, configBytes.length]);
});

test("bodies that do not tell their length are paid for as they are read, and errors afterwards", async () => {
  const paid: number[] = [];
  const insistent: (number | undefined)[] = [];
  const { server, client, reference } = await startFixture({
    client: {
      reserve:
        () =>
        (upToBytes, _signal, { atLatestMs } = {}) => {
          insistent.push(atLatestMs);
          return Promise.resolve(leaseOf(upToBytes, (bytes) => paid.push(bytes)));
        },
    },
  });
  const manifest = Buffer.alloc(200_000, " ");
  manifest.write("{}");
  server.putManifest(repository, { bytes: manifest, mediaType: "application/json" }, ["1"]);
  server.inject({ on: "manifest", framing: "chunked", times: 2 });
  const { bytes } = await client.fetchManifest(reference(":1"), { signal });
  expect(bytes).toHaveLength(manifest.length);
  expect(paid.reduce((sum, moved) => sum + moved, 0)).toBe(manifest.length);
  expect(paid.length).toBeGreaterThan(3);
  expect(insistent.every((atLatestMs) => atLatestMs === undefined)).toBe(true);
  paid.length = insistent.length = 0;
  const absent = reference(`@${sha256Of(Buffer.from("absent"))}`);
  await expect(client.fetchManifest(absent, { signal })).rejects.toMatchObject({ code: "manifest_unknown" });
  const sent = server.log.filter(({ status, method }) => status === 404 && method === "GET");
  expect(paid).toEqual(sent.map(({ bytesSent }) => bytesSent));
  expect(insistent).toEqual([0]);
});

test.each([{ framing: "length" as const }, { framing: "chunked" as const }])(
  "nothing of a body is read while the budget is paused (framing: $framing), and the wait can be cancelled",
  async ({ framing }) => {
    const { server, client, reference } = await startFixture({
      client: {
        reserve: () => (_upToBytes, asked) =>
          new Promise((_resolve, reject) => {
            asked.addEventListener("abort", () => reject(asked.reason), { once: true });
          }),
      },
    });
    putImage(server, { tags: ["1"] });
    server.inject({ on: "manifest", framing, times: 2 });
    const fetching = client.fetchManifest(reference(":1"), { signal: AbortSignal.timeout(100) });
    await expect(fetching).rejects.toBeInstanceOf(CancelledError);
  },
);

test("a config is fetched once more when it is damaged, and no more", async () => {
  const { server, client, reference } = await startFixture();
  putImage(server, { tags: ["1"] });
  server.inject({ on: "blob", flipAt: 3 });
  await expect(client.resolve(reference(":1"), { platform: undefined, signal })).resolves.toBeDefined();
  putImage(server, { seed: "other", architecture: "arm64", tags: ["2"] });
  server.inject({ on: "blob", flipAt: 3, times: Infinity });
  const resolving = client.resolve(reference(":2"), { platform: undefined, signal });
  await expect(resolving).rejects.toMatchObject({ code: "digest_mismatch" });
});

test("warnings of the registry are passed on, without what could trick a terminal", async () => {
  const { server, client, reference, warnings } = await startFixture();
  putImage(server, { tags: ["1"] });
  server.inject({
    on: "manifest",
    method: "GET",
    headers: { warning: '299 - "this \\"tag\\" goes away\tsoon"' },
  });
  await client.fetchManifest(reference(":1"), { signal });
  expect(warnings).toEqual(['this "tag" goes away soon']);
});
