import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { startTcpProxy } from "@layaway/testing";
import type { TcpProxy } from "@layaway/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

let echo: Server;
let proxy: TcpProxy;

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  echo.listen(0, "127.0.0.1");
  await once(echo, "listening");
  proxy = await startTcpProxy({ target: { port: (echo.address() as AddressInfo).port } });
});

afterEach(async () => {
  await proxy.stop();
  echo.close();
});

async function open(): Promise<Socket> {
  const socket = connect({ port: proxy.port, host: "127.0.0.1" });
  await once(socket, "connect");
  return socket;
}

async function say(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, "data")) as [Buffer];
  return answer.toString();
}

test("passes bytes both ways and counts them", async () => {
  const socket = await open();
  expect(await say(socket, "hello")).toBe("hello");
  expect(proxy.bytes).toEqual({ up: 5, down: 5 });
  expect(proxy.connections).toBe(1);
  socket.destroy();
});

test("a reset ends the connections that are open, and the next", async () => {
  const socket = await open();
  expect(await say(socket, "hello")).toBe("hello");
  const failed = once(socket, "error");
  proxy.setMode({ kind: "reset" });
  await expect(failed).resolves.toMatchObject([{ code: "ECONNRESET" }]);
  const next = connect({ port: proxy.port, host: "127.0.0.1" });
  await expect(once(next, "error")).resolves.toMatchObject([{ code: "ECONNRESET" }]);
});

test("a black hole keeps the bytes until it is closed", async () => {
  const socket = await open();
  proxy.setMode({ kind: "blackHole" });
  const answer = say(socket, "hello");
  expect(proxy.bytes).toEqual({ up: 0, down: 0 });
  proxy.setMode({ kind: "pass" });
  expect(await answer).toBe("hello");
  socket.destroy();
});

test("a limit lets exactly so many bytes down and then resets", async () => {
  proxy.setMode({ kind: "limit", bytesDown: 3 });
  const socket = await open();
  const got: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => got.push(chunk));
  const failed = once(socket, "error");
  socket.write("hello");
  await expect(failed).resolves.toMatchObject([{ code: "ECONNRESET" }]);
  expect(Buffer.concat(got).length).toBeLessThanOrEqual(3);
  expect(proxy.bytes.down).toBe(3);
});

test("latency holds bytes up in each direction", async () => {
  const socket = await open();
  proxy.setMode({ kind: "latency", ms: 30 });
  const start = performance.now();
  expect(await say(socket, "hello")).toBe("hello");
  // Timers may fire a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(57);
  socket.destroy();
});
