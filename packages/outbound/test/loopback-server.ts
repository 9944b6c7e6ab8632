import { createServer, type RequestListener, type Server } from "node:http";

import { onTestFinished } from "vitest";

/** An HTTP server on a free loopback port, closed with the test. */
export async function startServer(listener: RequestListener): Promise<{ url: URL; server: Server }> {
  const server = createServer(listener);
  const port = await listening(server);
  return { url: new URL(`http://127.0.0.1:${port}/`), server };
}

/** Listens on a free loopback port until the test ends. */
export async function listening(server: Listener): Promise<number> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  onTestFinished(() => {
    server.close();
    server.closeAllConnections?.();
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not listening on a port");
  return address.port;
}

interface Listener {
  listen(port: number, host: string, listening: () => void): unknown;
  address(): { port: number } | string | null;
  close(): unknown;
  closeAllConnections?(): void;
}
