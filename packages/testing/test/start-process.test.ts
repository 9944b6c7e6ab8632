import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { acceptsConnections, freePort, freePortBlock, makeTempDir, startProcess } from "@layaway/testing";

const listen = `require("node:net").createServer().listen(+process.argv[1], "127.0.0.1")`;

test("a started process is ready when it says so, and gone when it is stopped", async () => {
  const directory = await makeTempDir("test");
  const port = await freePort();
  const server = await startProcess({
    command: process.execPath,
    args: ["-e", listen, String(port)],
    logFile: join(directory.path, "log"),
    ready: () => acceptsConnections(port),
  });
  expect(await acceptsConnections(port)).toBe(true);
  await server.stop();
  expect(await acceptsConnections(port)).toBe(false);
  expect(await server.ended).toBe("SIGTERM");
  await directory.remove();
  expect(existsSync(directory.path)).toBe(false);
});

test("a process that does not come up says so with the last lines of its log", async () => {
  const directory = await makeTempDir("test");
  const starting = startProcess({
    command: process.execPath,
    args: ["-e", `console.error("no disk"); process.exit(3)`],
    logFile: join(directory.path, "log"),
    ready: () => Promise.resolve(false),
  });
  await expect(starting).rejects.toThrow(/ended with 3; the last it wrote:\nno disk/u);
  await directory.remove();
});

test("a process that ignores SIGTERM is killed, with the children it started", async () => {
  const directory = await makeTempDir("test");
  const port = await freePort();
  const stubborn = `process.on("SIGTERM", () => {}); require("node:child_process").spawn(process.execPath, ["-e", process.argv[2], process.argv[1]])`;
  const server = await startProcess({
    command: process.execPath,
    args: ["-e", `${stubborn}; setInterval(() => {}, 1000)`, String(port), listen],
    logFile: join(directory.path, "log"),
    ready: () => acceptsConnections(port),
    stopTimeoutMs: 10,
  });
  await server.stop();
  expect(await acceptsConnections(port)).toBe(false);
  expect(await server.ended).toBe("SIGKILL");
  await directory.remove();
});

test("a block of ports is ascending without gaps", async () => {
  const [first = 0, ...rest] = await freePortBlock(4);
  expect(rest).toEqual([first + 1, first + 2, first + 3]);
});
