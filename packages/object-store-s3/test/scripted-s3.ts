import { createServer } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";

import { createS3Store } from "../src/index.ts";
import type { S3StoreOptions } from "../src/index.ts";

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How to answer the n-th request; what does nothing leaves it unanswered. */
export type Answer = (response: ServerResponse, request: SeenRequest) => void;

export interface ScriptedS3 {
  readonly endpoint: string;
  readonly seen: readonly SeenRequest[];
  /** How many connections were made. */
  connections(): number;
  close(): Promise<void>;
}

/** A server that answers as the test says, request after request; the last answer serves all that follow. */
export async function startScriptedS3(...answers: readonly Answer[]): Promise<ScriptedS3> {
  const seen: SeenRequest[] = [];
  let connections = 0;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url = "", headers } = incoming;
      const request = { method, url, headers, body: Buffer.concat(chunks).toString("latin1") };
      seen.push(request);
      answers[Math.min(seen.length, answers.length) - 1]?.(response, request);
    });
  });
  server.on("connection", () => (connections += 1));
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  return {
    endpoint: `http://127.0.0.1:${port}`,
    seen,
    connections: () => connections,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export const keys = { accessKeyId: "AKIDCANARY", secretAccessKey: "secret-canary" };

/** Runs a test with a scripted server and a store that talks to it. */
export async function withScriptedS3(
  answers: readonly Answer[],
  work: (store: ReturnType<typeof createS3Store>, server: ScriptedS3) => Promise<void>,
  options: Partial<S3StoreOptions> = {},
): Promise<void> {
  const server = await startScriptedS3(...answers);
  const { endpoint } = server;
  const store = createS3Store({
    bucket: "bucket",
    prefix: "a/b",
    endpoint,
    credentials: keys,
    checksums: "auto",
    ...options,
  });
  try {
    await work(store, server);
  } finally {
    await store.close();
    await server.close();
  }
}

export function xml(status: number, body: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-type": "application/xml", ...headers }).end(body);
  };
}

export function s3Error(
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return xml(
    status,
    `<?xml version="1.0"?><Error><Code>${code}</Code><Message>said so\nat length</Message></Error>`,
    headers,
  );
}

export function headersOnly(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return (response) => {
    response.writeHead(status, { "content-length": "0", ...headers }).end();
  };
}

export const created = (algorithm?: string): Answer =>
  xml(
    200,
    "<InitiateMultipartUploadResult><Bucket>bucket</Bucket><Key>a/b/k.tar</Key><UploadId>id-1</UploadId></InitiateMultipartUploadResult>",
    algorithm === undefined ? {} : { "x-amz-checksum-algorithm": algorithm },
  );

export const completed: Answer = xml(
  200,
  "<CompleteMultipartUploadResult><Key>a/b/k.tar</Key><ETag>&quot;whole-1&quot;</ETag></CompleteMultipartUploadResult>",
);
