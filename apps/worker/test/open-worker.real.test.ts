import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { openApi, type RunningApi } from "@layaway/api";
import { createLogger } from "@layaway/api/process";
import { type Config, parseConfig } from "@layaway/config";
import { InternalError, InvalidRequestError } from "@layaway/errors";
import type { Archive } from "@layaway/ledger";
import {
  describeWithServers,
  type FaultRegistry,
  freePort,
  makeImage,
  makeTempDir,
  putImage,
  type RedisServer,
  startFaultRegistry,
  startRedis,
  type TempDir,
  type TestImage,
} from "@layaway/testing";
import { Registry } from "prom-client";
import { Webhook } from "standardwebhooks";
import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { openWorker } from "../src/index.ts";
import { secret } from "./deployment.ts";
import { type HookReceiver, startHookReceiver } from "./hook-receiver.ts";

const logger = createLogger({ level: "silent", part: "test" });

describeWithServers("what a configuration names", ["redis"], () => {
  let redis: RedisServer;
  let registry: FaultRegistry;
  let receiver: HookReceiver;
  let directory: TempDir;
  let image: TestImage;
  const opened: { close(): Promise<void> }[] = [];

  beforeEach(async () => {
    [redis, registry, receiver, directory, image] = await Promise.all([
      startRedis(),
      startFaultRegistry(),
      startHookReceiver(),
      makeTempDir("archives"),
      makeImage(),
    ]);
    putImage(registry, "team/app", image, ["1"]);
  });
  afterEach(async () => {
    for (const one of opened.splice(0).reverse()) await one.close();
    await Promise.all([redis.stop(), registry.stop(), receiver.stop(), directory.remove()]);
  });

  function configure(env: Record<string, string> = {}): Config {
    const file = `
      destinations: { disk: { url: "file://${directory.path}" } }
      registries: { "${registry.host}": { plainHttp: true } }
      allowRegistries: ["${registry.host}"]
      webhooks: { allowHosts: ["${new URL(receiver.url).host}"] }
    `;
    return parseConfig(file, { LAYAWAY_WEBHOOK_SECRET: secret, ...env });
  }
  async function start(config: Config): Promise<RunningApi> {
    const metrics = new Registry();
    const version = "0.0.0";
    const common = { config, redisUrl: redis.url, logger, version, metrics };
    opened.push(await openWorker({ ...common, authFiles: [], userAgent: "layaway/test" }));
    const api = await openApi({ ...common, host: "127.0.0.1", port: 0 });
    opened.push(api);
    return api;
  }
  const post = (api: RunningApi, body: object): Promise<Response> =>
    fetch(`${api.address}/v1/archives`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  const ended = (api: RunningApi, id: string): Promise<Archive> =>
    vi.waitFor(
      async () => {
        const archive = (await (await fetch(`${api.address}/v1/archives/${id}`)).json()) as Archive;
        expect(archive.finishedAt).toBeDefined();
        return archive;
      },
      { timeout: 20_000, interval: 50 },
    );

  it("archives an image into it, tells so, and hands the archive out", async () => {
    const api = await start(configure());
    const reference = `${registry.host}/team/app:1`;
    const accepted = await post(api, { image: reference, callbackUrl: receiver.url });
    expect(accepted.status).toBe(202);
    const { id } = (await accepted.json()) as Archive;
    const archive = await ended(api, id);
    expect(archive).toMatchObject({
      state: "completed",
      digest: image.digest,
      destination: "disk",
      platform: "linux/amd64",
    });

    const file = await readFile(join(directory.path, archive.key ?? ""));
    expect(file.length).toBe(archive.size);
    const download = await fetch(`${api.address}/v1/archives/${id}/download`);
    const bytes = Buffer.from(await download.arrayBuffer());
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(
      createHash("sha256").update(file).digest("hex"),
    );
    expect(download.headers.get("content-disposition")).toMatch(/filename="[A-Za-z0-9._-]+\.tar"/);

    await vi.waitFor(() => expect(receiver.hooks).toHaveLength(1), { timeout: 20_000 });
    const hook = receiver.hooks[0] ?? { headers: {}, body: "" };
    expect(new Webhook(secret).verify(hook.body, hook.headers)).toMatchObject({
      data: { id, key: archive.key },
    });
    const metrics = await (await fetch(`${api.address}/metrics`)).text();
    expect(metrics).toContain('layaway_worker_archives_total{state="completed",code=""} 1');
  });

  it("says of an image that is not there that it is not", async () => {
    const api = await start(configure());
    const { id } = (await (await post(api, { image: `${registry.host}/team/app:2` })).json()) as Archive;
    const archive = await ended(api, id);
    expect(archive).toMatchObject({ state: "failed", error: { code: "manifest_unknown", side: "source" } });
  });

  it("is not gone beyond", async () => {
    const api = await start(configure());
    const denied = await post(api, { image: "other.example.com/app" });
    expect([denied.status, await denied.json()]).toEqual([403, expect.objectContaining({ code: "denied" })]);
    const callback = await post(api, {
      image: `${registry.host}/team/app:1`,
      callbackUrl: "http://127.0.0.1:1/",
    });
    expect([callback.status, await callback.json()]).toEqual([
      400,
      expect.objectContaining({ code: "invalid_request" }),
    ]);
  });

  it("is not gone beyond by a worker either, whatever stands in the queue", async () => {
    const config = configure();
    const { allowRegistries: _list, ...open } = config;
    const common = { redisUrl: redis.url, logger, version: "0.0.0" };
    const api = await openApi({ ...common, config: open, host: "127.0.0.1", port: 0 });
    opened.push(api);
    const elsewhere = { ...config, allowRegistries: ["docker.io"] };
    opened.push(await openWorker({ ...common, config: elsewhere, authFiles: [], userAgent: "layaway/test" }));
    const { id } = (await (await post(api, { image: `${registry.host}/team/app:1` })).json()) as Archive;
    expect(await ended(api, id)).toMatchObject({
      state: "failed",
      error: { code: "denied", side: "source" },
    });
    expect(registry.log).toEqual([]);
  });

  it("is refused with one clear line where it cannot be opened", async () => {
    const config = configure();
    const common = { config, redisUrl: redis.url, logger, version: "0.0.0", host: "127.0.0.1", port: 0 };
    await expect(openApi({ ...common, host: "0.0.0.0" })).rejects.toThrow(InvalidRequestError);
    const api = await openApi(common);
    opened.push(api);
    await expect(openApi({ ...common, port: Number(new URL(api.address).port) })).rejects.toThrow(
      /cannot listen on 127.0.0.1:\d+: EADDRINUSE$/,
    );
    const nobody = `redis://127.0.0.1:${await freePort()}`;
    const worker = { ...common, authFiles: [], userAgent: "layaway/test" };
    await expect(openApi({ ...common, redisUrl: nobody })).rejects.toThrow(InternalError);
    await expect(openWorker({ ...worker, redisUrl: nobody })).rejects.toThrow(InternalError);
    const weak = configure({ LAYAWAY_WEBHOOK_SECRET: "whsec_c4n4ry" });
    const refused = openWorker({ ...worker, config: weak });
    await expect(refused).rejects.toThrow(/^(?!.*c4n4ry).*webhook secret/);
  });
});
