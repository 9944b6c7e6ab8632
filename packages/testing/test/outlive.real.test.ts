import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { acceptsConnections, freePort, makeTempDir } from "@layaway/testing";
import { expect, test } from "vitest";

const listen = `require("node:net").createServer().listen(+process.argv[1], "127.0.0.1")`;

test("servers and directories do not outlive a process that is terminated", async () => {
  const directory = await makeTempDir("test");
  const port = await freePort();
  const script = join(directory.path, "parent.mjs");
  const folder = fileURLToPath(new URL("../dist/servers", import.meta.url));
  await writeFile(
    script,
    `import { startProcess, acceptsConnections } from "${folder}/process.js";
     import { makeTempDir } from "${folder}/temp-dir.js";
     import { writeFileSync } from "node:fs";
     const own = await makeTempDir("child");
     await startProcess({ command: process.execPath, args: ["-e", ${JSON.stringify(listen)}, "${port}"],
       logFile: own.path + "/log", ready: () => acceptsConnections(${port}) });
     writeFileSync(${JSON.stringify(join(directory.path, "own"))}, own.path);
     process.kill(process.pid, "SIGTERM");
     setInterval(() => {}, 1000);`,
  );
  const parent = promisify(execFile)(process.execPath, [script]);
  await expect(parent).rejects.toMatchObject({ signal: "SIGTERM" });
  // Its parent is gone already; it is killed, but may still be about to end.
  await expect.poll(() => acceptsConnections(port)).toBe(false);
  expect(existsSync(await readFile(join(directory.path, "own"), "utf8"))).toBe(false);
  await directory.remove();
});
