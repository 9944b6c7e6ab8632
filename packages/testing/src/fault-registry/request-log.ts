import type { IncomingMessage, ServerResponse } from "node:http";

import type { RequestKind } from "./faults.ts";

/** One request as the server saw it. Filled in while it is answered. */
export interface LoggedRequest {
  readonly kind: RequestKind;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly range: string | undefined;
  /** The scheme of the Authorization header; the credential itself is never kept. */
  readonly authorization: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly status: number;
  /** Bytes of the body that were handed to the connection. */
  readonly bytesSent: number;
}

export interface RequestLog {
  readonly entries: readonly LoggedRequest[];
  open(kind: RequestKind, request: IncomingMessage, response: ServerResponse): OpenEntry;
  readonly settled: () => Promise<void>;
}

export type OpenEntry = { -readonly [K in keyof LoggedRequest]: LoggedRequest[K] };

export function createRequestLog(): RequestLog {
  const entries: LoggedRequest[] = [];
  const waiting = new Set<() => void>();
  let open = 0;

  const onClose = (): void => {
    open -= 1;
    if (open > 0) return;
    for (const resolve of waiting) resolve();
    waiting.clear();
  };

  return {
    entries,
    open(kind, request, response) {
      const { authorization, ...headers } = request.headers;
      const entry: OpenEntry = {
        kind,
        method: request.method ?? "",
        path: request.url ?? "",
        range: request.headers.range,
        authorization: authorization?.split(" ")[0],
        headers,
        status: 0,
        bytesSent: 0,
      };
      entries.push(entry);
      open += 1;
      response.once("close", onClose);
      return entry;
    },
    settled: () => (open === 0 ? Promise.resolve() : new Promise((resolve) => waiting.add(resolve))),
  };
}
