import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { onTestFinished } from "vitest";

/** An HTTP server on a free loopback port, closed with the test. */
export async function startServer(listener: RequestListener): Promise<{ url: URL; server: Server }> {
  const server = createServer(listener);
  await listening(server);
  return { url: new URL(`http://127.0.0.1:${portOfServer(server)}/`), server };
}

export async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  });
}

export function portOfServer(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}
