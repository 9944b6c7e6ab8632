import {
  InternalError,
  InvalidRequestError,
  LayawayError,
  type ErrorCode,
  type ErrorSide,
} from "@layaway/errors";
import type { Archive } from "@layaway/ledger";

import { type BandwidthState, parseBandwidth } from "./parse-bandwidth.ts";
import { parseArchive, parseArchivePage, parseProblem } from "./parse-archive.ts";

export type { BandwidthState };

/** An error that the API answered with: its code and message are passed on as they are. */
export class ApiAnswerError extends LayawayError {
  readonly code: ErrorCode;
  readonly side: ErrorSide = "internal";
  readonly retryable: boolean;
  readonly status: number;

  constructor(code: ErrorCode, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
    this.retryable = status >= 500;
  }
}

export interface ApiClient {
  submit(request: Readonly<Record<string, unknown>>): Promise<Archive>;
  get(id: string): Promise<Archive>;
  list(limit: number): Promise<readonly Archive[]>;
  bandwidth(): Promise<BandwidthState>;
  /** Rate and duration as the user wrote them: the API reads them. */
  setBandwidth(limit: string, duration: string | undefined): Promise<BandwidthState>;
  clearBandwidth(): Promise<BandwidthState>;
  /** The archive's bytes. */
  download(id: string): Promise<{
    readonly body: ReadableStream<Uint8Array>;
    readonly fileName: string;
    readonly sizeBytes?: number;
  }>;
}

/** Speaks to a running API. `url` is its root, `token` its bearer token where it wants one. */
export function createApiClient(options: {
  readonly url: string;
  readonly token: string | undefined;
  readonly signal: AbortSignal;
}): ApiClient {
  const base = parseBase(options.url);

  const call = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
    let response: Response;
    try {
      response = await fetch(new URL(path, base), { ...init, headers, signal: options.signal });
    } catch (cause) {
      options.signal.throwIfAborted();
      throw new InternalError(
        `no answer from the API at ${base.origin} (is "layaway serve" running there?)`,
        { cause },
      );
    }
    if (!response.ok) throw await answeredError(response, `${init.method ?? "GET"} /${path}`);
    return response;
  };
  const callJson = async (path: string, init?: RequestInit): Promise<unknown> => {
    const response = await call(path, init);
    try {
      return await response.json();
    } catch (cause) {
      options.signal.throwIfAborted();
      throw new InternalError(`${base.origin}/${path}: the answer is no JSON (is this a Layaway API?)`, {
        cause,
      });
    }
  };

  const callBandwidth = async (init?: RequestInit): Promise<BandwidthState> =>
    parseBandwidth(await callJson("v1/bandwidth", init));

  return {
    async submit(request) {
      const answer = await callJson("v1/archives", {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(request),
      });
      return parseArchive(answer);
    },
    async get(id) {
      return parseArchive(await callJson(`v1/archives/${encodeURIComponent(id)}`));
    },
    async list(limit) {
      return parseArchivePage(await callJson(`v1/archives?limit=${limit}`));
    },
    bandwidth: () => callBandwidth(),
    setBandwidth: (limit, duration) =>
      callBandwidth({
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ limit, for: duration }),
      }),
    clearBandwidth: () => callBandwidth({ method: "DELETE" }),
    async download(id) {
      const { key } = await this.get(id);
      const response = await call(`v1/archives/${encodeURIComponent(id)}/download`);
      if (response.body === null) throw new InternalError("the download has no body");
      const length = response.headers.get("content-length");
      return {
        body: response.body,
        fileName: key?.split("/").at(-1) ?? `${id}.tar`,
        ...(length === null ? {} : { sizeBytes: Number(length) }),
      };
    },
  };
}

function parseBase(url: string): URL {
  if (!URL.canParse(url)) throw new InvalidRequestError(`LAYAWAY_URL: "${url}" is not a URL`);
  return new URL(url.endsWith("/") ? url : `${url}/`);
}

async function answeredError(response: Response, what: string): Promise<LayawayError> {
  const problem = parseProblem(await response.json().catch(() => undefined));
  if (problem !== undefined) return new ApiAnswerError(problem.code, problem.message, response.status);
  return new InternalError(
    `${what}: HTTP ${response.status}, and no problem document (is this a Layaway API?)`,
  );
}
