import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  describeWithServers,
  type FaultRegistry,
  makeImage,
  putImage,
  type RunningS3,
  startCeph,
  startFaultRegistry,
  type TestImage,
} from "@layaway/testing";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";

import { layaway, type Started, startLayaway } from "./layaway.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Collects webhooks; `next` waits for one. */
async function startReceiver(): Promise<{ url: string; next(): Promise<Delivery>; server: Server }> {
  const arrived: Delivery[] = [];
  const waiting: ((delivery: Delivery) => void)[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      const delivery = { headers: request.headers, body };
      const next = waiting.shift();
      if (next === undefined) arrived.push(delivery);
      else next(delivery);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return {
    url,
    server,
    next: () =>
      new Promise((resolve) => {
        const delivery = arrived.shift();
        if (delivery === undefined) waiting.push(resolve);
        else resolve(delivery);
      }),
  };
}

describeWithServers("layaway serve", ["redis", "ceph"], () => {
  let s3: RunningS3;
  let registry: FaultRegistry;
  let image: TestImage;
  let directory: string;
  let service: Started;
  let env: Record<string, string>;
  let receiver: Awaited<ReturnType<typeof startReceiver>>;

  beforeAll(async () => {
    [s3, registry, receiver] = await Promise.all([startCeph(), startFaultRegistry(), startReceiver()]);
    await s3.createBucket("archives");
    image = await makeImage({
      layers: [{ sizeBytes: 20_000_000 }, { sizeBytes: 9_000_000, compression: "zstd" }],
    });
    putImage(registry, "team/app", image, ["1", "2", "slow"]);
    directory = await mkdtemp(join(tmpdir(), "layaway-service-"));
    const config = join(directory, "layaway.yaml");
    await writeFile(join(directory, "secret"), `${secret}\n`);
    const place = { endpoint: s3.endpoint, region: s3.region, pathStyle: true };
    await writeFile(
      config,
      JSON.stringify({
        destinations: {
          models: { url: `s3://archives/images`, ...place },
          forgotten: { url: `s3://nobody-made-it/images`, ...place },
        },
        defaultDestination: "models",
        registries: { [registry.host]: { plainHttp: true } },
        webhooks: { secretFile: join(directory, "secret"), allowHosts: ["127.0.0.1"] },
      }),
    );
    env = {
      LAYAWAY_CONFIG: config,
      LAYAWAY_DATA_DIR: join(directory, "data"),
      AWS_ACCESS_KEY_ID: s3.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: s3.keys.secretAccessKey,
    };
    await start();
  });
  afterAll(async () => {
    service.kill("SIGTERM");
    await service.ended;
    await Promise.all([s3.stop(), registry.stop(), new Promise((resolve) => receiver.server.close(resolve))]);
    await rm(directory, { recursive: true });
  });

  async function start(): Promise<void> {
    service = startLayaway(["serve", "--port", "0"], env);
    const line = await service.line(/"the API listens"/);
    env["LAYAWAY_URL"] = (JSON.parse(line) as { address: string }).address;
  }

  it("is not ready while a destination's bucket does not exist", async () => {
    const answer = await fetch(`${env["LAYAWAY_URL"]}/readyz`);
    expect(answer.status).toBe(503);
    expect(await answer.json()).toMatchObject({
      code: "destination_unknown",
      checks: [
        { name: "redis" },
        { name: "destination:models" },
        { name: "destination:forgotten", code: "destination_unknown" },
      ],
    });
  });

  it("archives what is submitted, tells the callback, and gives the tar back", async () => {
    const submitted = await layaway(
      [
        "submit",
        `${registry.host}/team/app:1`,
        "--wait",
        "--json",
        "--callback-url",
        receiver.url,
        "--label",
        "team=models",
      ],
      env,
    );
    expect(submitted.stderr).toBe("");
    expect(submitted.status).toBe(0);
    const archive = JSON.parse(submitted.stdout) as {
      id: string;
      state: string;
      digest: string;
      size: number;
      key: string;
    };
    expect(archive).toMatchObject({ state: "completed", digest: image.digest, labels: { team: "models" } });

    const delivery = await receiver.next();
    const event = new Webhook(secret).verify(delivery.body, delivery.headers as Record<string, string>);
    expect(event).toMatchObject({
      type: "archive.completed",
      data: { id: archive.id, digest: image.digest },
    });
    expect(delivery.body).not.toMatch(/X-Amz|TESTSECRET|Signature/i);

    const file = join(directory, "down.tar");
    const downloaded = await layaway(["download", archive.id, "-o", file], env);
    expect(downloaded.stderr).toBe("");
    const bytes = await readFile(file);
    expect(bytes.length).toBe(archive.size);
    for (const layer of image.layers) {
      const at = bytes.indexOf(`blobs/sha256/${layer.digest.slice(7)}\0`);
      const content = bytes.subarray(at + 512, at + 512 + layer.size);
      expect(`sha256:${createHash("sha256").update(content).digest("hex")}`).toBe(layer.digest);
    }
  });

  it("lets the store copy layers that stand in another archive", async () => {
    const submitted = await layaway(["submit", `${registry.host}/team/app:2`, "--wait", "--json"], env);
    const archive = JSON.parse(submitted.stdout) as {
      bytes: { fetched: number; reused: number; total: number };
    };
    expect(archive).toMatchObject({ state: "completed" });
    // The tag is part of the key, so this is another object. The large layer is copied from the first one; between two
    // copied parts there must be a whole filled one, so the small layer is fetched again.
    expect(archive.bytes).toMatchObject({ fetched: 9_000_000 });
    expect(archive.bytes.reused).toBeGreaterThan(15_000_000);
  });

  it("waits when the registry asks it to, and uses up no attempt", async () => {
    registry.inject({
      on: "manifest",
      path: /slow/,
      status: 429,
      headers: { "retry-after": "12" },
      times: 1,
    });
    const submitted = await layaway(["submit", `${registry.host}/team/app:slow`, "--json"], env);
    const { id } = JSON.parse(submitted.stdout) as { id: string };
    const watched = startLayaway(["status", id, "--watch"], env);
    expect(await watched.line(/waiting/)).toContain("rate_limited");
    const ended = await watched.ended;
    expect(ended.status).toBe(0);
    expect(ended.stdout).toContain("completed");
  });

  it("tells the callback and the user why an archive failed", async () => {
    const submitted = await layaway(
      ["submit", `${registry.host}/team/app:missing`, "--wait", "--callback-url", receiver.url],
      env,
    );
    expect(submitted.status).toBe(4);
    expect(submitted.stderr.trimEnd().split("\n").at(-1)).toMatch(/^layaway: manifest_unknown: /);
    const delivery = await receiver.next();
    expect(JSON.parse(delivery.body)).toMatchObject({
      type: "archive.failed",
      data: { state: "failed", error: { code: "manifest_unknown", side: "source" } },
    });
  });

  it("keeps its lists over a restart", async () => {
    const before = await layaway(["status", "--json"], env);
    service.kill("SIGTERM");
    const ended = await service.ended;
    expect(ended.status).toBe(0);
    expect(ended.stdout.match(/"msg":"stopping/g)).toHaveLength(1);
    await start();
    const after = await layaway(["status", "--json"], env);
    expect((JSON.parse(after.stdout) as unknown[]).length).toBeGreaterThanOrEqual(3);
    expect(JSON.parse(after.stdout)).toEqual(JSON.parse(before.stdout));
  });
});
