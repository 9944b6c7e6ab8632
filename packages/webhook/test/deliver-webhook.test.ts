import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { AddressDeniedError, createOutbound, type Outbound } from "@layaway/outbound";
import { Webhook } from "standardwebhooks";
import { afterEach, expect, test } from "vitest";

import { createEvent, type Delivery, deliverWebhook, type DeliveryOutcome } from "../src/index.ts";

const secret = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
const event = createEvent({
  type: "archive.completed",
  id: "evt_1",
  timestamp: "2026-01-01T00:00:00Z",
  data: { id: "arc_1" },
});
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function receiver(answer: RequestListener): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { url: `http://127.0.0.1:${address.port}/done`, server };
}

async function deliver(url: string, delivery: Partial<Delivery> = {}): Promise<DeliveryOutcome> {
  const outbound = createOutbound({ egressFor: () => "operator", plainHttpFor: () => true });
  closers.push(() => outbound.close());
  const signal = new AbortController().signal;
  return deliverWebhook({
    outbound,
    url,
    event,
    secrets: [secret],
    now: () => new Date(),
    signal,
    ...delivery,
  });
}

test("sends the stored bytes, signed so that the receiver's library takes them", async () => {
  const seen: { method?: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
  const { url } = await receiver((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
    request.on("end", () => {
      seen.push({ method: request.method, headers: request.headers, body });
      response.writeHead(204).end();
    });
  });
  expect(await deliver(url)).toEqual({ kind: "delivered", status: 204 });
  const [request] = seen;
  expect(request).toMatchObject({
    method: "POST",
    body: event.body,
    headers: { "content-type": "application/json" },
  });
  expect(request?.headers["webhook-id"]).toBe("evt_1");
  expect(
    new Webhook(secret).verify(event.body, Object.fromEntries(flat(request?.headers ?? {}))),
  ).toBeDefined();
});

function flat(headers: IncomingHttpHeaders): [string, string][] {
  return Object.entries(headers).flatMap(([name, value]) =>
    typeof value === "string" ? [[name, value] as [string, string]] : [],
  );
}

const now = new Date("2026-05-04T08:00:00Z");

test.each<[string, number, Record<string, string>, DeliveryOutcome]>([
  ["a 410 as the end", 410, {}, { kind: "gone" }],
  ["a server's error as a failure", 500, {}, { kind: "retry", reason: "status 500" }],
  ["a client error as a failure", 404, {}, { kind: "retry", reason: "status 404" }],
  [
    "seconds to wait",
    429,
    { "retry-after": "120" },
    { kind: "retry", reason: "status 429", afterMs: 120_000 },
  ],
  [
    "a date to wait for",
    503,
    { "retry-after": "Mon, 04 May 2026 08:01:30 GMT" },
    { kind: "retry", reason: "status 503", afterMs: 90_000 },
  ],
  [
    "a week to wait as a day",
    503,
    { "retry-after": "604800" },
    { kind: "retry", reason: "status 503", afterMs: 86_400_000 },
  ],
  ["a nonsensical wait as none", 503, { "retry-after": "-5" }, { kind: "retry", reason: "status 503" }],
])("takes %s", async (_what, status, headers, outcome) => {
  const { url } = await receiver((_request, response) =>
    response.writeHead(status, headers).end("an answer"),
  );
  expect(await deliver(url, { now: () => now })).toEqual(outcome);
});

test("follows no redirect", async () => {
  let requests = 0;
  const { url } = await receiver((_request, response) => {
    requests += 1;
    response.writeHead(307, { location: "/elsewhere" }).end();
  });
  expect(await deliver(url)).toMatchObject({ kind: "retry" });
  expect(requests).toBe(1);
});

test("does not wait for the end of an endless answer", async () => {
  const { url } = await receiver((_request, response) => {
    const more = (): void => void response.write("x".repeat(65_536), () => setImmediate(more));
    response.writeHead(200);
    more();
  });
  expect(await deliver(url)).toEqual({ kind: "delivered", status: 200 });
});

test("gives up on a receiver that does not answer in time", async () => {
  const { url } = await receiver(() => {});
  expect(await deliver(url, { timeoutMs: 50 })).toEqual({ kind: "retry", reason: "no answer within 50 ms" });
});

test("takes a reset and a closed port as failures", async () => {
  const { url, server } = await receiver((request) => request.socket.resetAndDestroy());
  expect(await deliver(url)).toMatchObject({ kind: "retry" });
  server.close();
  expect(await deliver(url)).toMatchObject({ kind: "retry" });
});

test("tells nothing of a host that is not permitted", async () => {
  const outbound: Pick<Outbound, "request"> = {
    request: () => Promise.reject(new AddressDeniedError("POST https://10.0.0.1: refused")),
  };
  expect(await deliver("https://10.0.0.1/", { outbound })).toEqual({
    kind: "retry",
    reason: "host not permitted",
  });
});
