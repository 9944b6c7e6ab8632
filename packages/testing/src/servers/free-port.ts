import { randomInt } from "node:crypto";
import { createServer } from "node:net";

// Below the range from which Linux takes the ports of outgoing connections (32768 up): nobody grabs them in between by chance.
const lowest = 15_000;
const highest = 32_000;
const attempts = 200;

/** A TCP port of 127.0.0.1 on which nothing listens at the moment. */
export async function freePort(): Promise<number> {
  const [port] = await freePortBlock(1);
  if (port === undefined) throw new Error("a block of one port holds no port");
  return port;
}

/** `count` free ports in a row, ascending, for servers that count upwards from a base port. */
export async function freePortBlock(count: number): Promise<readonly number[]> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const base = randomInt(lowest, highest - count);
    const block = Array.from({ length: count }, (_, index) => base + index);
    const free = await Promise.all(block.map(isFree));
    if (free.every(Boolean)) return block;
  }
  throw new Error(`no ${count} free ports in a row between ${lowest} and ${highest}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1", exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
