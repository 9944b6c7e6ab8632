import { readdir } from "node:fs/promises";
import { tmpdir } from "node:os";

import { describe, expect, test } from "vitest";

import { acceptsConnections, describeWithServers, startCeph, startSwift } from "../src/index.ts";

describe.each([
  { server: "ceph", start: startCeph },
  { server: "swift", start: startSwift },
] as const)("an S3 server: $server", ({ server, start }) => {
  describeWithServers("once started", [server], () => {
    test("runs beside another of its kind, and leaves nothing behind", async () => {
      const [one, two] = await Promise.all([start(), start()]);
      const directories = await directoriesOf(server);
      expect(one.endpoint).not.toBe(two.endpoint);
      await Promise.all([one.createBucket("same-name"), two.createBucket("same-name")]);

      await one.stop();
      expect(await acceptsConnections(Number(new URL(one.endpoint).port))).toBe(false);
      expect(await acceptsConnections(Number(new URL(two.endpoint).port))).toBe(true);
      await Promise.all([one.stop(), two.stop()]);
      expect(await acceptsConnections(Number(new URL(two.endpoint).port))).toBe(false);

      const left = await directoriesOf(server);
      // Others may run such servers at the same time: ours are the two that are gone.
      expect(directories.filter((name) => !left.includes(name)).length).toBeGreaterThanOrEqual(2);
    });
  });
});

async function directoriesOf(server: string): Promise<readonly string[]> {
  return (await readdir(tmpdir())).filter((name) => name.startsWith(`layaway-${server}-`));
}
