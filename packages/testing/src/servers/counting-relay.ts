import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** Bytes that came back from the server at some time, in milliseconds of `performance.now()`. */
export interface Arrival {
  readonly at: number;
  readonly bytes: number;
}

/** Stands before a server on 127.0.0.1 and writes down when how many bytes come back from it. */
export interface CountingRelay {
  /** Host and port to use instead of the server's. */
  readonly host: string;
  connections(): number;
  /** What came back from `fromMs` on and before `toMs`. */
  between(fromMs: number, toMs: number): readonly Arrival[];
  stop(): Promise<void>;
}

export async function startCountingRelay(serverPort: number): Promise<CountingRelay> {
  const seen: Arrival[] = [];
  const open = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect({ host: "127.0.0.1", port: serverPort });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.setNoDelay(true);
      socket.on("error", () => {});
      socket.on("close", () => {
        open.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk) => {
      seen.push({ at: performance.now(), bytes: chunk.length });
      if (client.write(chunk)) return;
      upstream.pause();
      client.once("drain", () => upstream.resume());
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    connections: () => open.size / 2,
    between: (fromMs, toMs) => seen.filter(({ at }) => at >= fromMs && at < toMs),
    async stop() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** All the bytes of some arrivals. */
export function bytesOf(arrivals: readonly Arrival[]): number {
  return arrivals.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The most bytes that came within any second. */
export function mostInASecond(arrivals: readonly Arrival[]): number {
  let most = 0;
  let within = 0;
  let first = 0;
  for (const { at, bytes } of arrivals) {
    within += bytes;
    for (
      let oldest = arrivals[first];
      oldest !== undefined && oldest.at < at - 1000;
      oldest = arrivals[first]
    ) {
      within -= oldest.bytes;
      first += 1;
    }
    most = Math.max(most, within);
  }
  return most;
}
