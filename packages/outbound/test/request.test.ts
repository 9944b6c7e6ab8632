import { createServer as createTcpServer } from "node:net";

import { TransportError } from "@layaway/outbound";
import { describe, expect, test } from "vitest";

import { listening, startServer } from "./loopback-server.ts";
import { failureOf, names, trusting } from "./outbound-under-test.ts";

describe("a request", () => {
  test("gives status, headers in any case, and the body in one piece", async () => {
    const { url } = await startServer((_request, response) => {
      response.writeHead(418, { "X-One": "1", "X-Many": ["a", "b"] }).end("short and stout");
    });
    const response = await trusting().request({ method: "GET", url });
    expect(response.status).toBe(418);
    expect(response.header("x-ONE")).toBe("1");
    expect(response.headers("x-many")).toEqual(["a", "b"]);
    expect(response.header("x-many")).toBe("a, b");
    expect(response.header("x-none")).toBeUndefined();
    expect(Buffer.from(await response.readAll(100)).toString()).toBe("short and stout");
  });

  test("asks for bytes without a content coding and leaves a coded body as it is", async () => {
    const { url } = await startServer((request, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(request.headers["accept-encoding"]);
    });
    const response = await trusting().request({ method: "GET", url });
    expect(Buffer.from(await response.readAll(100)).toString()).toBe("identity");
  });

  test("sends method, headers and body", async () => {
    const { url } = await startServer((request, response) => {
      const pieces: Buffer[] = [];
      request.on("data", (piece: Buffer) => pieces.push(piece));
      request.on("end", () => {
        response.end(
          `${request.method} ${request.headers["user-agent"]} ${Buffer.concat(pieces).toString()}`,
        );
      });
    });
    const response = await trusting().request({
      method: "PUT",
      url,
      headers: { "User-Agent": "test" },
      body: "hello",
    });
    expect(Buffer.from(await response.readAll(100)).toString()).toBe("PUT test hello");
  });

  test("uses a connection again after a body was read or discarded", async () => {
    const ports = new Set<number | undefined>();
    const { url } = await startServer((request, response) => {
      ports.add(request.socket.remotePort);
      response.end("x".repeat(1000));
    });
    const outbound = trusting({ connectionsPerOrigin: 1 });
    await (await outbound.request({ method: "GET", url })).readAll(1000);
    (await outbound.request({ method: "GET", url })).discard();
    await (await outbound.request({ method: "GET", url })).readAll(1000);
    expect(ports.size).toBe(1);
  });

  test.each([
    ["any origin", { connectionsPerOrigin: 2 }],
    ["one host", { connectionsPerOrigin: 9, connectionsFor: () => 2 }],
  ])("opens no more connections to %s than allowed", async (_name, limits) => {
    const ports = new Set<number | undefined>();
    const { url } = await startServer((request, response) => {
      ports.add(request.socket.remotePort);
      setImmediate(() => response.end("x"));
    });
    const outbound = trusting(limits);
    const get = async (): Promise<unknown> => (await outbound.request({ method: "GET", url })).readAll(10);
    await Promise.all(Array.from({ length: 10 }, get));
    expect(ports.size).toBe(2);
  });

  test("refuses a body over the bound, told by its length or not", async () => {
    const { url } = await startServer((request, response) => {
      if (request.url === "/chunked") response.write("x".repeat(60));
      response.end("x".repeat(60));
    });
    const outbound = trusting();
    for (const path of ["/chunked", "/plain"]) {
      const response = await outbound.request({ method: "GET", url: new URL(path, url) });
      await expect(response.readAll(59)).rejects.toMatchObject({ kind: "too_large" });
    }
  });
});

describe("a failure", () => {
  test("is `connect` where nobody listens, without query values in the message", async () => {
    const { url, server } = await startServer(() => {});
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const error = await failureOf(
      trusting().request({ method: "GET", url: new URL("/v2/?token=canary", url) }),
    );
    expect(error).toMatchObject({ kind: "connect" });
    expect(error.message).toContain("ECONNREFUSED");
    expect(error.message).not.toContain("canary");
  });

  test("is `dns` where a name does not resolve", async () => {
    const outbound = trusting({ lookup: names({}) });
    const error = await failureOf(
      outbound.request({ method: "GET", url: new URL("http://registry.example.com/") }),
    );
    expect(error).toMatchObject({ kind: "dns" });
  });

  test("is `reset` where the connection breaks before the headers or in the body", async () => {
    const { url } = await startServer((request, response) => {
      if (request.url === "/body") {
        response.writeHead(200, { "content-length": "100" });
        response.write("half", () => request.socket.destroy());
      } else {
        request.socket.destroy();
      }
    });
    const outbound = trusting();
    const inHeaders = outbound.request({ method: "GET", url: new URL("/headers", url) });
    expect(await failureOf(inHeaders)).toMatchObject({ kind: "reset" });
    const response = await outbound.request({ method: "GET", url: new URL("/body", url) });
    expect(await failureOf(response.readAll(1000))).toMatchObject({ kind: "reset" });
  });

  test("before anybody reads is told to the reader, and does not end the process", async () => {
    const { url } = await startServer((_request, response) => {
      response.writeHead(200, { "content-length": "100" }).write("half");
    });
    const outbound = trusting();
    const response = await outbound.request({ method: "GET", url });
    await outbound.close();
    expect(await failureOf(response.readAll(1000))).toBeInstanceOf(TransportError);
  });

  test("is `headers_timeout` where no headers come", async () => {
    const { url } = await startServer(() => {});
    const error = await failureOf(trusting().request({ method: "GET", url, headersTimeoutMs: 50 }));
    expect(error).toMatchObject({ kind: "headers_timeout" });
  });

  test("is `idle` where the body falls silent", async () => {
    const { url } = await startServer((_request, response) => {
      response.writeHead(200).write("a");
    });
    const response = await trusting({ idleTimeoutMs: 50 }).request({ method: "GET", url });
    expect(await failureOf(response.readAll(10))).toMatchObject({ kind: "idle" });
  });

  test("is `reset` where the answer is not HTTP", async () => {
    const server = createTcpServer((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    const port = await listening(server);
    const error = await failureOf(
      trusting().request({ method: "GET", url: new URL(`http://127.0.0.1:${port}/`) }),
    );
    expect(error).toMatchObject({ kind: "reset" });
    expect(error.message).not.toContain("SSH");
  });

  test("is `aborted` before, during and after the headers", async () => {
    const { url } = await startServer((request, response) => {
      if (request.url === "/body") response.writeHead(200).write("a");
    });
    const outbound = trusting();
    const before = outbound.request({ method: "GET", url, signal: AbortSignal.abort() });
    expect(await failureOf(before)).toMatchObject({ kind: "aborted" });

    const during = new AbortController();
    const waiting = outbound.request({ method: "GET", url, signal: during.signal });
    setImmediate(() => during.abort());
    expect(await failureOf(waiting)).toMatchObject({ kind: "aborted" });

    const after = new AbortController();
    const response = await outbound.request({
      method: "GET",
      url: new URL("/body", url),
      signal: after.signal,
    });
    setImmediate(() => after.abort(new Error("enough")));
    expect(await failureOf(response.readAll(10))).toMatchObject({ kind: "aborted" });
  });
});
