import { expect, test } from "vitest";

import { startServer } from "./loopback-server.ts";
import { failureOf, trusting } from "./outbound-under-test.ts";

test("a server that drips single bytes is given up, though it is never silent", async () => {
  const { url } = await startServer((_request, response) => {
    response.write("a");
    const drip = setInterval(() => response.write("a"), 1);
    response.on("close", () => clearInterval(drip));
  });
  let clock = 0;
  // Every look at the clock is ten seconds later: each piece has been waited for that long.
  const outbound = trusting({ now: () => (clock += 10_000) });
  const response = await outbound.request({ method: "GET", url });
  expect(await failureOf(response.readAll(1_000_000))).toMatchObject({ kind: "too_slow" });
});

test("a server that is slow but fast enough is read to its end", async () => {
  const { url } = await startServer((_request, response) => {
    response.end(Buffer.alloc(1 << 20));
  });
  let clock = 0;
  const outbound = trusting({ now: () => (clock += 1000) });
  const response = await outbound.request({ method: "GET", url });
  expect(await response.readAll(1 << 20)).toHaveLength(1 << 20);
});

test("time in which nobody reads does not count against the server", async () => {
  const { url } = await startServer((_request, response) => {
    let left = 20;
    const drip = setInterval(() => {
      left -= 1;
      if (left > 0) response.write("a");
      else response.end("a");
    }, 1);
    response.on("close", () => clearInterval(drip));
  });
  let clock = 0;
  const response = await trusting({ now: () => clock }).request({ method: "GET", url });
  let sizeBytes = 0;
  for await (const piece of response.body) {
    sizeBytes += piece.length;
    clock += 3_600_000;
  }
  expect(sizeBytes).toBe(20);
});

test("the idle timer does not run while nobody reads", async () => {
  const { url } = await startServer((_request, response) => {
    response.end(Buffer.alloc(1 << 20));
  });
  const response = await trusting({ idleTimeoutMs: 20 }).request({ method: "GET", url });
  // Longer than undici's coarse timers need to notice 20 ms.
  await new Promise((resolve) => {
    setTimeout(resolve, 1600);
  });
  expect(await response.readAll(1 << 20)).toHaveLength(1 << 20);
});
