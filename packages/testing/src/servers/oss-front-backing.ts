import { Agent, request } from "node:http";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

// CommonJS, of which node sees no named exports.
import aws4 from "aws4";

import { strictlyEncoded } from "./oss-front-signature.ts";
import type { RunningS3 } from "./s3-server.ts";

/** A call of the S3 server behind the front. */
export interface BackingCall {
  readonly method: string;
  readonly bucket: string;
  /** Empty for calls of the bucket. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | { readonly stream: Readable; readonly through: NodeJS.ReadWriteStream };
}

export interface Backing {
  call(call: BackingCall): Promise<IncomingMessage>;
  close(): void;
}

/** Speaks to a real S3 server with buckets in the path, signing every request anew. */
export function openBacking(s3: Pick<RunningS3, "endpoint" | "region" | "keys">): Backing {
  const { hostname, port, host } = new URL(s3.endpoint);
  const agent = new Agent({ keepAlive: true });
  const call = async (asked: BackingCall): Promise<IncomingMessage> => {
    const { method, body } = asked;
    const length = Buffer.isBuffer(body) ? { "content-length": String(body.length) } : {};
    const signed = aws4.sign(
      {
        service: "s3",
        region: s3.region,
        method,
        path: pathOf(asked),
        headers: { ...asked.headers, ...length, host, "x-amz-content-sha256": "UNSIGNED-PAYLOAD" },
      },
      s3.keys,
    );
    const sent = request({ hostname, port, agent, method, path: pathOf(asked), headers: signed.headers });
    const answered = new Promise<IncomingMessage>((resolve, reject) => {
      sent.once("response", resolve);
      sent.once("error", reject);
    });
    if (body === undefined || Buffer.isBuffer(body)) {
      sent.end(body);
      return await answered;
    }
    // A server that refuses early breaks the pipe; what it answered counts.
    const piped = pipeline(body.stream, body.through, sent).catch((error: unknown) => {
      sent.destroy(error instanceof Error ? error : undefined);
    });
    const [answer] = await Promise.all([answered, piped]);
    return answer;
  };
  return { call, close: () => agent.destroy() };
}

/** The whole body of an answer, at most 16 MiB: listings and errors. */
export async function wholeBodyOf(
  message: IncomingMessage,
  maxBytes: number = 16 * 1024 * 1024,
): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of message) {
    if (!Buffer.isBuffer(piece)) continue;
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw new Error(`body has more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function pathOf({ bucket, key, query = {} }: BackingCall): string {
  const path = `/${strictlyEncoded(bucket)}${key === "" ? "" : `/${strictlyEncoded(key).replaceAll("%2F", "/")}`}`;
  const parameters = Object.entries(query).map(
    ([name, value]) => `${strictlyEncoded(name)}=${strictlyEncoded(value)}`,
  );
  return parameters.length === 0 ? path : `${path}?${parameters.join("&")}`;
}
