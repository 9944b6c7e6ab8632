import { createServer, type Socket } from "node:net";

import { afterEach, expect, test } from "vitest";

import { createOutbound, type Outbound } from "../src/index.ts";

const mebibyte = 1024 * 1024;
const closers: (() => void)[] = [];
let outbound: Outbound | undefined;

afterEach(async () => {
  await outbound?.close();
  outbound = undefined;
  for (const close of closers.splice(0)) close();
});

/** Answers whatever comes with these pieces of bytes, each in a turn of its own. */
async function answering(pieces: readonly (string | Buffer)[]): Promise<URL> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => void writeAll(socket, pieces));
    closers.push(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  outbound = createOutbound({ egressFor: () => "operator", plainHttpFor: () => true });
  return new URL(`http://127.0.0.1:${address.port}/`);
}

async function writeAll(socket: Socket, pieces: readonly (string | Buffer)[]): Promise<void> {
  for (const piece of pieces) await new Promise((resolve) => socket.write(piece, resolve));
}

async function ask(url: URL) {
  if (outbound === undefined) throw new Error("no outbound");
  return outbound.request({ method: "GET", url });
}

/** Every byte tells its place, so that a piece in the wrong one shows. */
function numbered(sizeBytes: number): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  for (let at = 0; at + 4 <= sizeBytes; at += 4) bytes.writeUInt32LE(at, at);
  return bytes;
}

async function collect(each: (take: (piece: Buffer) => boolean) => Promise<void>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  await each((piece) => {
    pieces.push(Buffer.from(piece));
    return true;
  });
  return Buffer.concat(pieces);
}

function head(sizeBytes: number): string {
  return `HTTP/1.1 200 OK\r\ncontent-length: ${sizeBytes}\r\n\r\n`;
}

test("hands over every byte in its order, also when two bodies arrive at the same time", async () => {
  const body = numbered(20 * mebibyte);
  const url = await answering([head(body.length), body]);
  const both = await Promise.all(
    [1, 2].map(async () => {
      const response = await ask(url);
      return collect((take) => response.each(take));
    }),
  );
  expect(both.map((bytes) => bytes.equals(body))).toEqual([true, true]);
});

test("keeps what came before its reader did", async () => {
  const body = numbered(mebibyte);
  const url = await answering([Buffer.concat([Buffer.from(head(body.length)), body])]);
  const response = await ask(url);
  expect((await collect((take) => response.each(take))).equals(body)).toBe(true);
});

test("pieces that are taken one by one stay what they are while others arrive", async () => {
  const body = numbered(4 * mebibyte);
  const url = await answering([head(body.length), body]);
  const [first, second] = [await ask(url), await ask(url)];
  const pieces: Buffer[] = [];
  const others = collect((take) => second.each(take));
  for await (const piece of first.body) pieces.push(piece);
  expect((await others).equals(body)).toBe(true);
  expect(Buffer.concat(pieces).equals(body)).toBe(true);
});

test("takes a chunked body apart", async () => {
  const text = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nlayaw\r\n2\r\nay\r\n0\r\n\r\n";
  const response = await ask(await answering([text]));
  expect((await collect((take) => response.each(take))).toString()).toBe("layaway");
});

test("ends the connection when its reader has had enough", async () => {
  const url = await answering([head(8 * mebibyte), Buffer.alloc(mebibyte)]);
  const response = await ask(url);
  let sizeBytes = 0;
  await response.each((piece) => {
    sizeBytes += piece.length;
    return false;
  });
  expect(sizeBytes).toBeGreaterThan(0);
});

test("is a TransportError where the body breaks off", async () => {
  const url = await answering([head(mebibyte), Buffer.alloc(1000)]);
  const response = await ask(url);
  const reading = response.each(() => {
    for (const close of closers.splice(0)) close();
    return true;
  });
  await expect(reading).rejects.toMatchObject({ name: "TransportError", kind: "reset" });
});
