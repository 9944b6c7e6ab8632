import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTcpServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

import { CancelledError, LayawayError } from "@layaway/errors";
import {
  DestinationDeniedError,
  DestinationUnavailableError,
  type ObjectStore,
  type Pace,
} from "@layaway/object-store";
import { createOssStore } from "@layaway/object-store-oss";
import { expect, test } from "vitest";

import { openConnections } from "../src/oss-transport.ts";

const secret = "canary-secret";
const token = "canary-token";

/** A store whose server answers as told. */
async function using<T>(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  work: (store: ObjectStore) => Promise<T>,
  pace?: Pace,
): Promise<T> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const store = storeAt(`http://127.0.0.1:${portOf(server)}`, pace);
  try {
    return await work(store);
  } finally {
    await store.close();
    server.closeAllConnections();
    server.close();
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

function storeAt(endpoint: string, pace?: Pace): ObjectStore {
  return createOssStore({
    bucket: "archives",
    prefix: "",
    region: "cn-hangzhou",
    endpoint,
    pace,
    credentials: { accessKeyId: "id", accessKeySecret: secret, securityToken: token },
  });
}

async function failureOf(call: Promise<unknown>): Promise<LayawayError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof LayawayError)) throw new Error("not an error of the contract", { cause: error });
  return error;
}

const document = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>words</Message><RequestId>5C3D</RequestId></Error>`;

test.each([
  [503, "ServiceUnavailable", "destination_unavailable", true],
  [500, "InternalError", "destination_unavailable", true],
  [429, "TooManyRequests", "destination_unavailable", true],
  [400, "RequestTimeout", "destination_unavailable", true],
  [403, "AccessDenied", "destination_denied", false],
  [403, "SecurityTokenExpired", "destination_denied", false],
  [403, "InvalidAccessKeyId", "destination_denied", false],
  [404, "NoSuchBucket", "destination_unknown", false],
  [409, "FileAlreadyExists", "object_conflict", false],
  [400, "InvalidArgument", "invalid_request", false],
])("%d %s is %s", async (status, code, expected, retryable) => {
  const answer = (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(status, { "content-type": "application/xml", "retry-after": "7" }).end(document(code));
  };
  const error = await using(answer, (store) => failureOf(store.put("k", Buffer.from("1"))));
  expect(error).toMatchObject({ code: expected, retryable, retryAfterMs: 7000 });
  expect(error.message).toBe(`PUT oss://archives/k: ${status} ${code} (request 5C3D)`);
});

test.each(["refused early", "cancelled"])("a part that is %s takes nothing more of its pace", async (how) => {
  let taken = 0;
  const cancelling = new AbortController();
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    request.once("data", () => (how === "cancelled" ? cancelling.abort() : response.writeHead(503).end()));
  };
  const pace: Pace = async (upToBytes) => {
    taken += 1;
    return delay(20, Math.min(upToBytes, 10_000));
  };
  await using(
    answer,
    async (store) => {
      const { signal } = cancelling;
      await failureOf(store.uploadPart({ key: "k", uploadId: "1" }, 1, Buffer.alloc(1 << 20), { signal }));
      const takenUntilThen = taken;
      await delay(100);
      expect(taken).toBeLessThan(5);
      expect(taken).toBe(takenUntilThen);
    },
    pace,
  );
});

test("a part waits for its first bytes without a connection, and for its turn where two are under way", async () => {
  const asked: string[] = [];
  const turns: (() => void)[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(request.url ?? "");
    request.resume().on("end", () => response.writeHead(200, { etag: '"e"' }).end());
  };
  const pace: Pace = (upToBytes) => new Promise((resolve) => turns.push(() => resolve(upToBytes)));
  await using(
    answer,
    async (store) => {
      const parts = [1, 2, 3].map((number) =>
        store.uploadPart({ key: "k", uploadId: "1" }, number, Buffer.alloc(1000)),
      );
      while (turns.length < 2) await delay(5);
      await delay(50);
      expect(turns).toHaveLength(2);
      expect(asked).toEqual([]);
      while (asked.length < 3) {
        turns.shift()?.();
        await delay(5);
      }
      expect((await Promise.all(parts)).map(({ number }) => number)).toEqual([1, 2, 3]);
    },
    pace,
  );
});

test("every call is tried once", async () => {
  let asked = 0;
  const answer = (_: IncomingMessage, response: ServerResponse): void => {
    asked += 1;
    response.writeHead(503).end();
  };
  await using(answer, async (store) => {
    await failureOf(store.put("k", Buffer.from("1")));
    await failureOf(store.uploadPart({ key: "k", uploadId: "1" }, 1, Buffer.alloc(100)));
  });
  expect(asked).toBe(2);
});

test("a broken connection makes the store unavailable", async () => {
  const error = await using(
    (request) => request.socket.destroy(),
    (store) => failureOf(store.head("k")),
  );
  expect(error).toBeInstanceOf(DestinationUnavailableError);
  expect(error.message).toBe("HEAD oss://archives/k: ECONNRESET");
});

test("an answer that breaks off in the middle fails the reader", async () => {
  const answer = (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(200, { "content-length": "100000" });
    response.write(Buffer.alloc(1000), () => response.destroy());
  };
  const read = async (store: ObjectStore): Promise<void> => {
    for await (const piece of await store.get("k")) expect(piece.length).toBeLessThanOrEqual(1000);
  };
  expect(await using(answer, (store) => failureOf(read(store)))).toBeInstanceOf(DestinationUnavailableError);
});

test("another range than the one that was asked for is an error", async () => {
  const answer = (_: IncomingMessage, response: ServerResponse): void => void response.end("whole object");
  const range = { offset: 3, length: 2 };
  const error = await using(answer, (store) => failureOf(store.get("k", { range })));
  expect(error).toBeInstanceOf(DestinationUnavailableError);
});

test("a proxy's page is not taken for an answer of OSS", async () => {
  const answer = (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(502, { "content-type": "text/html" }).end("<html><b>Bad Gateway</html>");
  };
  const error = await using(answer, (store) => failureOf(store.put("k", Buffer.from("1"))));
  expect(error).toBeInstanceOf(DestinationUnavailableError);
});

test("a signal ends a part that the server does not take", async () => {
  const stop = new AbortController();
  const error = await using(
    () => stop.abort(),
    (store) => {
      const upload = { key: "k", uploadId: "1" };
      return failureOf(store.uploadPart(upload, 1, Buffer.alloc(8_000_000), { signal: stop.signal }));
    },
  );
  expect(error).toBeInstanceOf(CancelledError);
});

test("a refusal counts at once, though the server never reads the rest of the part", async () => {
  const body = document("AccessDenied");
  const server = createTcpServer((socket) => {
    socket
      .on("error", () => {})
      .once("data", () => {
        socket.pause();
        socket.write(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
      });
    server.once("enough", () => socket.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const store = storeAt(`http://127.0.0.1:${portOf(server)}`);
  const upload = { key: "k", uploadId: "1" };
  const error = await failureOf(store.uploadPart(upload, 1, Buffer.alloc(16_000_000)));
  expect(error).toBeInstanceOf(DestinationDeniedError);
  server.emit("enough");
  await store.close();
  server.close();
});

test("a redirect is not followed", async () => {
  const asked: (string | undefined)[] = [];
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    asked.push(request.url);
    response.writeHead(307, { location: "/elsewhere" }).end();
  };
  const error = await using(answer, (store) => failureOf(store.head("k")));
  expect(error).toBeInstanceOf(DestinationDeniedError);
  expect(asked).toEqual(["/archives/k"]);
});

test("a store over https never speaks plain http, whatever URL ali-oss comes up with", async () => {
  let asked = 0;
  const server = createServer(() => {
    asked += 1;
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const connections = openConnections({ plainHttp: false });
  const transport = connections.transportFor({ signal: undefined, inactivityMs: 1000 });
  const sent = transport.request(`http://127.0.0.1:${portOf(server)}/archives/k`, {
    method: "GET",
    headers: {},
  });
  await expect(sent).rejects.toBeInstanceOf(DestinationDeniedError);
  expect(asked).toBe(0);
  connections.close();
  server.close();
});

test("a server on which nothing moves is unavailable after the time that was set", async () => {
  const connections = openConnections({ plainHttp: true });
  const call = { signal: undefined, inactivityMs: 50 };
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const sent = connections
    .transportFor(call)
    .request(`http://127.0.0.1:${portOf(server)}/archives/k`, { method: "GET", headers: {} });
  await expect(sent).rejects.toThrow("nothing moved for 0.05 s");
  connections.close();
  server.close();
});

test("errors hold neither keys nor bodies nor signatures", async () => {
  const answer = (_: IncomingMessage, response: ServerResponse): void => {
    response.writeHead(403).end(document("SignatureDoesNotMatch"));
  };
  const body = Buffer.from("canary-body");
  const error = await using(answer, (store) => failureOf(store.put("k", body)));
  expect(inspect(error, { depth: 10 })).not.toMatch(/canary|Signature=|OSS4-HMAC/u);
});
