import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parseConfig } from "@layaway/config";
import { parseReference } from "@layaway/oci";
import { type FaultRegistry, generatedBlob, makeImage, putImage, startFaultRegistry } from "@layaway/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openSource, type SourceOptions } from "../src/index.ts";

const signal = new AbortController().signal;

describe("limit: auto", () => {
  it("limits nothing until answers fail, and then what is asked of that registry", async () => {
    const registry = await startFaultRegistry();
    const layer = generatedBlob("auto", 64 << 20);
    putImage(registry, "team/app", await makeImage({ layers: [layer] }), ["1"]);
    const config = parseConfig("bandwidth: { limit: auto }", {});
    const source = await openSource({ config, trust: "operator", authFiles: [], userAgent: "test" });
    const reference = parseReference(`${registry.host}/team/app:1`);
    const image = await source.registry.resolve(reference, { platform: undefined, signal });
    const [blob] = image.primary.manifest.layers;
    if (blob === undefined) throw new Error("no layer");
    const reader = source.registry.openBlob(reference, blob);
    const into = Buffer.alloc(256 << 10);
    const readFor = async (durationMs: number): Promise<void> => {
      for (const until = performance.now() + durationMs; performance.now() < until;)
        await reader.read(into, 0, { signal });
    };
    await readFor(1200);
    expect(source.governor.rate(registry.host)).toBeUndefined();
    // Each second answer breaks off, and what is missing is asked for again.
    for (let count = 0; count < 1000; count += 1)
      registry.inject({ on: "blob", truncateAfter: 200_000, after: 1 });
    await readFor(3000);
    expect(source.governor.rate(registry.host)).toBeGreaterThan(0);
    expect(source.governor.rate("other.example.com")).toBeUndefined();
    reader.close();
    await source.close();
    await registry.stop();
  });
});

describe("openSource", () => {
  let registry: FaultRegistry;
  let directory: string;

  beforeEach(async () => {
    registry = await startFaultRegistry({
      auth: { kind: "basic", users: { robot: "s3cret", other: "0ther" } },
    });
    putImage(registry, "team/app", await makeImage(), ["1"]);
    directory = await mkdtemp(join(tmpdir(), "layaway-connect-"));
  });
  afterEach(async () => {
    await registry.stop();
    await rm(directory, { recursive: true });
  });

  async function resolve(
    config: unknown,
    more: Partial<SourceOptions> = {},
    host: string = registry.host,
  ): Promise<string> {
    const source = await openSource({
      config: parseConfig(JSON.stringify(config), {}),
      trust: "operator",
      authFiles: [],
      userAgent: "test",
      ...more,
    });
    try {
      const reference = parseReference(`${host}/team/app:1`);
      const image = await source.registry.resolve(reference, { platform: undefined, signal });
      return image.root.descriptor.digest;
    } finally {
      await source.close();
    }
  }

  it("signs in with the password file of the configuration, less its line end", async () => {
    const passwordFile = join(directory, "password");
    await writeFile(passwordFile, "s3cret\n");
    const config = { registries: { [registry.host]: { username: "robot", passwordFile } } };
    expect(await resolve(config)).toMatch(/^sha256:/);
  });

  it("names the setting whose file cannot be read", async () => {
    const config = {
      registries: { [registry.host]: { username: "robot", passwordFile: "/nonexistent/password" } },
    };
    await expect(resolve(config)).rejects.toMatchObject({
      code: "invalid_request",
      message: expect.stringContaining(`registries.${registry.host}.passwordFile`) as unknown,
    });
  });

  it("takes the credentials of the command line before all others", async () => {
    const credentials = { kind: "basic", username: "other", password: "0ther" } as const;
    expect(await resolve({}, { credentials })).toMatch(/^sha256:/);
    expect(registry.log.at(-1)?.authorization).toBeTruthy();
  });

  it("finds credentials in docker's own file", async () => {
    const file = join(directory, "config.json");
    const auth = Buffer.from("robot:s3cret").toString("base64");
    await writeFile(file, JSON.stringify({ auths: { [registry.host]: { auth } } }));
    expect(await resolve({}, { authFiles: [join(directory, "absent.json"), file] })).toMatch(/^sha256:/);
  });

  it.each([
    { what: "a token server elsewhere", realmHosts: undefined, sent: undefined },
    { what: "one that is pinned", realmHosts: ["localhost"], sent: "Basic" },
  ])("sends the credentials of the command line by the same rule: $what", async ({ realmHosts, sent }) => {
    const auth = { kind: "token", realmHost: "localhost" } as const;
    const elsewhere = await startFaultRegistry({ auth });
    const port = elsewhere.host.split(":")[1];
    try {
      putImage(elsewhere, "team/app", await makeImage(), ["1"]);
      const entry = realmHosts && { realmHosts: realmHosts.map((name) => `${name}:${port}`) };
      const credentials = { kind: "basic", username: "other", password: "0ther" } as const;
      await resolve({ registries: { [elsewhere.host]: entry ?? {} } }, { credentials }, elsewhere.host);
      const asked = elsewhere.log.find((logged) => logged.kind === "token");
      expect(asked?.authorization).toBe(sent);
    } finally {
      await elsewhere.stop();
    }
  });

  it("leaves the pulls of the floor to others", async () => {
    const pulls = { limit: 100, windowSeconds: 21_600, remaining: 5 };
    const counting = await startFaultRegistry({ pulls });
    try {
      putImage(counting, "team/app", await makeImage(), ["1"]);
      const config = { registries: { [counting.host]: { pullFloor: 5 } } };
      await expect(resolve(config, {}, counting.host)).rejects.toMatchObject({ code: "rate_limited" });
      expect(counting.log.map((logged) => logged.method)).toEqual(["HEAD"]);
      config.registries[counting.host] = { pullFloor: 0 };
      expect(await resolve(config, {}, counting.host)).toMatch(/^sha256:/);
    } finally {
      await counting.stop();
    }
  });

  it("refuses a loopback registry that a request names, and takes one that the operator names", async () => {
    const before = registry.log.length;
    await expect(resolve({}, { trust: "influenced" })).rejects.toMatchObject({ code: "address_denied" });
    expect(registry.log.length).toBe(before);
    const named = { registries: { [registry.host]: { plainHttp: true } } };
    await expect(resolve(named, { trust: "influenced" })).rejects.toMatchObject({ code: "unauthorized" });
  });

  it("holds every byte it reads to the limit", async () => {
    const config = { bandwidth: { limit: 0 } };
    const paused = new AbortController();
    const source = await openSource({
      config: parseConfig(JSON.stringify(config), {}),
      trust: "operator",
      authFiles: [],
      credentials: { kind: "basic", username: "other", password: "0ther" },
      userAgent: "test",
    });
    const reference = parseReference(`${registry.host}/team/app:1`);
    const asked = source.registry.resolve(reference, { platform: undefined, signal: paused.signal });
    setImmediate(() => paused.abort());
    await expect(asked).rejects.toMatchObject({ code: "cancelled" });
    expect(source.governor.rate(registry.host)).toBe(0);
    await source.close();
  });
});
