import { Agent as HttpAgent, request as httpRequest } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { DestinationDeniedError } from "@layaway/object-store";

/** What ali-oss hands to its HTTP client. */
interface OssHttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly content?: string | Uint8Array | undefined;
  readonly stream?: Readable | undefined;
  /** The answer's body is wanted as a stream. */
  readonly customResponse?: boolean | undefined;
}

/** What ali-oss expects back: `data` is the whole body, `res` the stream where that was asked for. */
interface OssHttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly data: Buffer;
  readonly res: object;
}

/** ali-oss' `urllib` option. */
export interface OssTransport {
  request(url: string, asked: OssHttpRequest): Promise<OssHttpAnswer>;
}

/** One call: what ends it, and what is learned on the way that ali-oss would not tell. */
export interface OssCall {
  readonly signal: AbortSignal | undefined;
  /** How long nothing may move on the connection. */
  readonly inactivityMs: number;
  /** The request's body as it may leave, in place of the one that ali-oss hands over. */
  pieces?: AsyncIterable<Uint8Array>;
  /** ali-oss turns every failure of its client into an error without a cause. */
  failure?: unknown;
  retryAfterMs?: number;
}

export interface OssConnections {
  transportFor(call: OssCall): OssTransport;
  close(): void;
}

/**
 * HTTP for ali-oss, in place of its urllib: with an AbortSignal, and with a timer for inactivity (urllib's `timeout` is
 * the whole time until the answer, which a large part on a slow line exceeds). Makes one attempt.
 */
export function openConnections(options: { readonly plainHttp: boolean }): OssConnections {
  // As many as part uploads a worker may have in flight, with some to spare for small calls.
  const settings = { keepAlive: true, maxSockets: 64 };
  const plain = new HttpAgent(settings);
  const secure = new HttpsAgent(settings);

  const send = async (text: string, asked: OssHttpRequest, call: OssCall): Promise<OssHttpAnswer> => {
    const url = new URL(text);
    if (url.protocol !== "https:" && !options.plainHttp) {
      throw new DestinationDeniedError(`${url.host}: plain http was not asked for`);
    }
    const isSecure = url.protocol === "https:";
    const response = await respond(
      url,
      asked,
      call,
      isSecure ? secure : plain,
      isSecure ? httpsRequest : httpRequest,
    );
    const { statusCode: status = 0, headers } = response;
    const retryAfter = Number(headers["retry-after"]);
    if (retryAfter > 0) call.retryAfterMs = retryAfter * 1000;
    if (asked.customResponse === true && status < 300) {
      return { status, headers, data: Buffer.alloc(0), res: response };
    }
    const data = await wholeBody(response, errorInHeader(headers));
    const rest = asked.customResponse === true ? Readable.from([]) : { status, headers, data };
    return { status, headers, data, res: rest };
  };

  return {
    transportFor: (call) => ({
      async request(url, asked) {
        try {
          return await send(url, asked, call);
        } catch (error) {
          call.failure = error;
          throw error;
        }
      },
    }),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

async function respond(
  url: URL,
  asked: OssHttpRequest,
  { signal, inactivityMs, pieces }: OssCall,
  agent: HttpAgent,
  request: (url: URL, options: RequestOptions) => ReturnType<typeof httpRequest>,
): Promise<IncomingMessage> {
  // For an address as endpoint ali-oss names another Host, which no emulator knows; it is not signed.
  const { host: _, ...headers } = asked.headers;
  const sent = request(url, {
    agent,
    method: asked.method,
    headers: { ...headers, "accept-encoding": "identity" },
    timeout: inactivityMs,
    ...(signal === undefined ? {} : { signal }),
  });
  sent.once("timeout", () => sent.destroy(new Error(`nothing moved for ${inactivityMs / 1000} s`)));
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    sent.once("response", resolve);
    sent.once("error", reject);
  });
  // A server that refuses a body early answers and closes: then the answer counts, not the broken pipe.
  const written = writeBody(asked, sent, pieces).catch(() => {});
  const response = await answered;
  const isRefusal = (response.statusCode ?? 0) >= 300;
  // Who refuses may leave the connection open and never read the rest of the body.
  if (isRefusal) response.once("end", () => void (sent.writableFinished || sent.destroy()));
  else await written;
  return response;
}

async function writeBody(
  asked: OssHttpRequest,
  sent: NodeJS.WritableStream,
  pieces: AsyncIterable<Uint8Array> | undefined,
): Promise<void> {
  if (pieces !== undefined) await pipeline(pieces, sent);
  else if (asked.stream !== undefined) await pipeline(asked.stream, slicesOfAll, sent);
  else if (asked.content === undefined) sent.end();
  else await pipeline(slicesOf(Buffer.from(asked.content)), sent);
}

/** Each slice that leaves counts as activity; a part in one piece would look idle until its end. */
const mostSliceBytes = 256 * 1024;

async function* slicesOfAll(pieces: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) yield* slicesOf(piece);
}

function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += mostSliceBytes) yield bytes.subarray(at, at + mostSliceBytes);
}

/** HEAD answers have no body: OSS puts the error document into a header. */
function errorInHeader(headers: IncomingMessage["headers"]): Buffer {
  const encoded = headers["x-oss-err"];
  return typeof encoded === "string" ? Buffer.from(encoded, "base64") : Buffer.alloc(0);
}

/** Listings of 1000 entries and error documents; 16 MiB is far above both. */
async function wholeBody(response: IncomingMessage, instead: Buffer): Promise<Buffer> {
  const maxBytes = 16 * 1024 * 1024;
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response) {
    if (!Buffer.isBuffer(piece)) continue;
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) throw new Error(`answer has more than ${maxBytes} bytes`);
    pieces.push(piece);
  }
  return sizeBytes === 0 ? instead : Buffer.concat(pieces);
}
