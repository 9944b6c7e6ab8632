import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

interface ReceivedHook {
  readonly headers: Record<string, string>;
  readonly body: string;
}

export interface HookReceiver {
  readonly url: string;
  readonly hooks: readonly ReceivedHook[];
  /** Answers the next requests with these statuses, then with 204. */
  readonly statuses: number[];
  stop(): Promise<void>;
}

/** Takes webhooks on a loopback port. */
export async function startHookReceiver(): Promise<HookReceiver> {
  const hooks: ReceivedHook[] = [];
  const statuses: number[] = [];
  const server = createServer((request, response) => {
    void readText(request).then((body) => {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const);
      hooks.push({ headers: Object.fromEntries(headers), body });
      response.writeHead(statuses.shift() ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    hooks,
    statuses,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}
