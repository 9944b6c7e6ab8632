import { once } from "node:events";
import { connect, createServer } from "node:net";
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

/** What happens to the connections, those that are open too. */
export type ProxyMode =
  | { readonly kind: "pass" }
  /** Each chunk is held up for so long. */
  | { readonly kind: "latency"; readonly ms: number }
  /** Connections are taken, and nothing moves any more. */
  | { readonly kind: "blackHole" }
  /** Connections are ended with RST: those that are open now, and all that come. */
  | { readonly kind: "reset" }
  /** So many more bytes pass from the server to clients, over all connections; what exceeds them gets a RST. */
  | { readonly kind: "limit"; readonly bytesDown: number };

/** A proxy between a client and a real server on loopback. */
export interface TcpProxy {
  /** Host and port. */
  readonly host: string;
  readonly port: number;
  /** Bytes that have passed so far: `up` from clients to the server, `down` back. */
  readonly bytes: { readonly up: number; readonly down: number };
  readonly connections: number;
  setMode(mode: ProxyMode): void;
  stop(): Promise<void>;
}

export async function startTcpProxy(options: {
  readonly target: { readonly host?: string; readonly port: number };
}): Promise<TcpProxy> {
  const { host = "127.0.0.1", port } = options.target;
  const bytes = { up: 0, down: 0 };
  const open = new Set<Socket>();
  let connections = 0;
  let mode: ProxyMode = { kind: "pass" };
  let leftDown = 0;
  let modeChanged = new AbortController();

  const server = createServer((client) => {
    connections += 1;
    if (mode.kind === "reset") return void client.resetAndDestroy();
    const upstream = connect({ host, port });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => open.delete(socket));
    }
    client.once("close", () => upstream.destroy());
    void forward(client, upstream, "up");
    void forward(upstream, client, "down");
  });

  async function forward(from: Socket, to: Socket, way: "up" | "down"): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        while (mode.kind === "blackHole") await once(modeChanged.signal, "abort");
        if (mode.kind === "latency") await pause(mode.ms);
        const passing = way === "down" && mode.kind === "limit" ? chunk.subarray(0, leftDown) : chunk;
        if (way === "down") leftDown -= passing.length;
        bytes[way] += passing.length;
        if (!to.write(passing)) await Promise.race([once(to, "drain"), once(to, "close")]);
        if (passing.length < chunk.length) {
          // A RST that overtakes the client's reading of these last bytes looks like an orderly end to it.
          await pause(20);
          return void to.resetAndDestroy();
        }
      }
      to.end();
    } catch {
      to.resetAndDestroy();
    }
  }

  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const own = typeof address === "object" && address !== null ? address.port : 0;
  return {
    host: `127.0.0.1:${own}`,
    port: own,
    bytes,
    get connections(): number {
      return connections;
    },
    setMode(next: ProxyMode): void {
      mode = next;
      leftDown = next.kind === "limit" ? next.bytesDown : 0;
      modeChanged.abort();
      modeChanged = new AbortController();
      if (next.kind === "reset") for (const socket of open) socket.resetAndDestroy();
    },
    async stop(): Promise<void> {
      mode = { kind: "pass" };
      modeChanged.abort();
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
