import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { makeImage, putImage, startFaultRegistry } from "@layaway/testing";
import { expect, it } from "vitest";

import { program } from "./layaway.ts";

it("layaway archive goes on to its end when nobody reads its progress any more", async () => {
  const registry = await startFaultRegistry();
  const directory = await mkdtemp(join(tmpdir(), "layaway-closed-output-"));
  try {
    putImage(registry, "team/app", await makeImage({ layers: [{ sizeBytes: 5000 }] }), ["1"]);
    // Bytes that are corrupt once: that it tries again is told on stderr.
    registry.inject({ on: "blob", flipAt: 4000, times: 1 });
    const args = [program, "archive", `${registry.host}/team/app:1`, `file://${directory}`];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr.destroy();
    expect(await once(child, "exit")).toEqual([0, null]);
    const files = await readdir(directory, { recursive: true });
    expect(files.filter((file) => file.endsWith(".tar")).length).toBe(1);
  } finally {
    await registry.stop();
    await rm(directory, { recursive: true });
  }
});
