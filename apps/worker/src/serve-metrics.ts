import { createServer } from "node:http";

import { InvalidRequestError } from "@layaway/errors";
import type { Registry } from "prom-client";

/**
 * `/metrics` and `/healthz` of a worker that runs alone. There is no token to ask for: bind it to loopback or to a
 * network of the operator's own.
 */
export async function serveMetrics(options: {
  readonly metrics: Registry;
  readonly host: string;
  readonly port: number;
}): Promise<{ readonly port: number; close(): Promise<void> }> {
  const { metrics, host, port } = options;
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, (request, response) => {
    const answer = async (): Promise<void> => {
      const path = request.url ?? "/";
      if (request.method !== "GET" || (path !== "/metrics" && path !== "/healthz")) {
        response.writeHead(404).end();
      } else if (path === "/healthz") {
        response.writeHead(200, { "content-type": "application/json" }).end('{"status":"ok"}');
      } else {
        const text = await metrics.metrics();
        response.writeHead(200, { "content-type": metrics.contentType }).end(text);
      }
    };
    answer().catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new InvalidRequestError(`metrics cannot be served on ${host}:${port}`, { cause })),
    );
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
