import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  describeWithServers,
  type FaultRegistry,
  makeImage,
  putImage,
  startFaultRegistry,
} from "@layaway/testing";
import { afterEach, beforeEach, expect, it } from "vitest";

import { layaway, type Started, startLayaway } from "./layaway.ts";

describeWithServers("the queue that layaway serve brings", ["redis"], () => {
  let registry: FaultRegistry;
  let directory: string;
  let start: () => Started;
  let service: Started;

  beforeEach(async () => {
    registry = await startFaultRegistry();
    putImage(registry, "team/app", await makeImage({ layers: [{ sizeBytes: 50_000 }] }), ["1"]);
    directory = await mkdtemp(join(tmpdir(), "layaway-embedded-queue-"));
    const config = join(directory, "layaway.yaml");
    await writeFile(
      config,
      JSON.stringify({
        destinations: { local: { url: `file://${directory}/archives` } },
        defaultDestination: "local",
        registries: { [registry.host]: { plainHttp: true } },
      }),
    );
    start = () =>
      startLayaway(["serve", "--port", "0"], {
        LAYAWAY_CONFIG: config,
        LAYAWAY_DATA_DIR: join(directory, "data"),
      });
    service = start();
  });
  afterEach(async () => {
    service.kill("SIGTERM");
    await service.ended;
    await registry.stop();
    await rm(directory, { recursive: true });
  });

  async function addressOf(started: Started): Promise<string> {
    return (JSON.parse(await started.line(/"the API listens"/)) as { address: string }).address;
  }

  async function killRedis(): Promise<void> {
    const log = await readFile(join(directory, "data", "redis.log"), "utf8");
    const pid = Number(/\bpid=(\d+)/.exec(log)?.[1]);
    process.kill(pid, "SIGKILL");
  }

  it("is started again when it is killed, and archives what is submitted then", async () => {
    const address = await addressOf(service);
    await killRedis();
    await service.line(/embedded redis ended with 137/);
    const env = { LAYAWAY_URL: address };
    const submit = () => layaway(["submit", `${registry.host}/team/app:1`, "--wait", "--json"], env);
    // Until it is back, the API says so at once.
    let ended = await submit();
    for (let tries = 0; tries < 20 && ended.status !== 0; tries += 1) ended = await submit();
    expect(ended.stderr).toBe("");
    expect(JSON.parse(ended.stdout)).toMatchObject({ state: "completed" });
  });

  it("gives an archive to the next process at once when one was killed in its middle", async () => {
    registry.inject({ on: "blob", stallAfter: 1000 });
    const env = { LAYAWAY_URL: await addressOf(service) };
    const submitted = await layaway(["submit", `${registry.host}/team/app:1`, "--json"], env);
    const { id } = JSON.parse(submitted.stdout) as { id: string };
    await service.line(/"archiving"/);
    service.kill("SIGKILL");
    await service.ended;

    service = start();
    const restartedAt = performance.now();
    const next = { LAYAWAY_URL: await addressOf(service) };
    const watched = await layaway(["status", id, "--watch", "--json"], next);
    expect(JSON.parse(watched.stdout)).toMatchObject({ id, state: "completed" });
    expect(performance.now() - restartedAt).toBeLessThan(20_000);
  });

  it("ends the service, in one line, when it cannot be started again", async () => {
    await service.line(/"the API listens"/);
    await killRedis();
    await rm(join(directory, "data"), { recursive: true, force: true });
    const { status, stderr } = await service.ended;
    expect(stderr).toMatch(/^layaway: internal: embedded redis .*\n$/);
    expect(status).toBe(1);
  });
});
