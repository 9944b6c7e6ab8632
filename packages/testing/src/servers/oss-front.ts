import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

import { refusalXml, type OssAnswer } from "./oss-front-answers.ts";
import { openBacking, type Backing } from "./oss-front-backing.ts";
import { answerOss } from "./oss-front-operations.ts";
import { checkOssSignature, type OssKeys, type OssRefusal } from "./oss-front-signature.ts";
import { turnsOn, type Turns } from "./oss-front-turns.ts";
import { createBucket, type RunningS3 } from "./s3-server.ts";

export interface OssFrontOptions {
  /** The real S3 server that holds the objects. */
  readonly s3: Pick<RunningS3, "endpoint" | "region" | "keys">;
  readonly keys?: OssKeys;
  /** `oss-cn-hangzhou` where nothing else is said. */
  readonly region?: string;
  /** In milliseconds, for signatures that expire. */
  readonly now?: () => number;
}

/** Something that speaks OSS on this machine. */
export interface RunningOss {
  /** `http://localhost:PORT`, a name, as ali-oss rewrites the Host of addresses; buckets in the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly keys: OssKeys;
  /** What was asked, without bodies: method and path with query. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly status: number }[];
  createBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts an HTTP server that speaks OSS, since there is no OSS to install: it checks V4 signatures by itself and does
 * every call on a real S3 server, whose rules for parts hold (OSS: at least 100 KiB; start Swift with
 * `minPartBytes: 102_400`). What OSS has and S3 has not (`x-oss-forbid-overwrite`, CRC-64 of what is put, ranges that
 * are forgiven) is done here. Objects written in parts have no CRC-64.
 */
export async function startOssFront(options: OssFrontOptions): Promise<RunningOss> {
  const region = options.region ?? "oss-cn-hangzhou";
  const keys = options.keys ?? { accessKeyId: "OSSTESTKEY", accessKeySecret: "oss-test-secret" };
  const backing = openBacking(options.s3);
  const turns = turnsOn(backing);
  const requests: { method: string; path: string; status: number }[] = [];
  const expected = { keys, region: region.replace(/^oss-/u, ""), now: options.now ?? Date.now };

  const server = createServer((request, response) => {
    response.once("close", () => {
      requests.push({ method: request.method ?? "", path: request.url ?? "", status: response.statusCode });
    });
    answer(request, response, { backing, turns }, expected).catch(() => response.destroy());
  });
  server.listen(0, "localhost");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;

  return {
    endpoint: `http://localhost:${port}`,
    region,
    keys,
    requests,
    createBucket: (name) => createBucket(options.s3, name),
    async stop() {
      if (!server.listening) return;
      server.close();
      server.closeAllConnections();
      await once(server, "close");
      backing.close();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  behind: { readonly backing: Backing; readonly turns: Turns },
  expected: { readonly keys: OssKeys; readonly region: string; readonly now: () => number },
): Promise<void> {
  const { method = "", headers } = request;
  const [path = "/", ...search] = (request.url ?? "/").split("?");
  const query = new URLSearchParams(search.join("?"));
  const [bucket = "", ...key] = decodeURIComponent(path).slice(1).split("/");
  const refused = checkOssSignature(
    { method, path, query, headers },
    { keys: expected.keys, region: expected.region, nowMs: expected.now() },
  );
  const asked = { method, bucket, key: key.join("/"), query, headers, body: request };
  const outcome = refused ?? (await answerOss(asked, behind.backing, behind.turns));
  await respond(request, response, outcome);
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  outcome: OssAnswer | OssRefusal,
): Promise<void> {
  const requestId = randomBytes(12).toString("hex").toUpperCase();
  response.setHeader("x-oss-request-id", requestId);
  if ("code" in outcome) {
    // A body that nobody wants is read, so that the client gets to read the answer.
    request.resume();
    const xml = refusalXml(outcome, requestId);
    response.writeHead(outcome.status, {
      "content-type": "application/xml",
      // HEAD has no body: OSS puts the document into a header.
      ...(request.method === "HEAD" ? { "x-oss-err": Buffer.from(xml).toString("base64") } : {}),
    });
    response.end(request.method === "HEAD" ? undefined : xml);
    return;
  }
  response.writeHead(outcome.status, outcome.headers);
  if (Buffer.isBuffer(outcome.body)) response.end(outcome.body);
  else await pipeline(outcome.body, response);
}
