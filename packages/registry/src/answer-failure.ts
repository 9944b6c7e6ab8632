import type { LayawayError } from "@layaway/errors";
import { SizeMismatchError } from "@layaway/oci";
import { type OutboundResponse, redactUrl } from "@layaway/outbound";
import { z } from "zod";

import type { Reserve } from "./blob-reader.ts";
import {
  BlobUnknownError,
  DeniedError,
  ManifestUnknownError,
  RateLimitedError,
  SourceUnavailableError,
  SourceUnusableError,
  UnauthorizedError,
} from "./errors.ts";
import { parseRetryAfter } from "./retry-after.ts";

/** What a request was for. */
export type Subject = "manifest" | "blob" | "tags" | "token" | "ping";

export interface AnswerContext {
  readonly subject: Subject;
  readonly method: string;
  /** Whether the registry itself answered, not somebody it sent us to. */
  readonly byRegistry: boolean;
  /** Milliseconds since 1970. */
  readonly wallClock: number;
  readonly maxWaitMs: number;
  readonly reserve: Reserve | undefined;
  readonly signal: AbortSignal;
}

/** An error body: registry-protocol.md, section 1. */
const maxErrorBytes = 1024 * 1024;
const errorBody = z.object({ errors: z.array(z.object({ code: z.string() })).min(1) });

/** go-containerregistry `pkg/v1/remote/options.go`, and 429. */
const transientStatuses = new Set([408, 499, 500, 502, 503, 504, 522]);

/**
 * The error that an unwelcome answer stands for. Its body is read for the error code alone, and ended. Of what the registry
 * wrote only the code gets into the message.
 */
export async function answerFailure(
  response: OutboundResponse,
  context: AnswerContext,
): Promise<LayawayError> {
  const errorCode = await errorCodeOf(response, context);
  const where = `${context.method} ${redactUrl(response.url)}: ${response.status}${errorCode === undefined ? "" : ` ${errorCode}`}`;
  const retryAfterMs = parseRetryAfter(response.header("retry-after"), context.wallClock);
  const { status } = response;

  if (status === 429 || errorCode === "TOOMANYREQUESTS") return new RateLimitedError(where, { retryAfterMs });
  if (status === 503 && (retryAfterMs ?? 0) > context.maxWaitMs)
    return new RateLimitedError(where, { retryAfterMs });
  if (transientStatuses.has(status)) return new SourceUnavailableError(where, { retryAfterMs });
  if (status === 416) return new SizeMismatchError(`${where}: the blob is shorter than its descriptor says`);
  // A storage behind the registry refuses: a signed link that ran out, mostly. The registry gives another.
  if (!context.byRegistry) return new SourceUnavailableError(where);
  if (status === 401) return new UnauthorizedError(where);
  if (status === 403) return new DeniedError(where);
  if (status === 404 && context.subject === "blob") return new BlobUnknownError(where);
  if (status === 404 && context.subject !== "token") return new ManifestUnknownError(where);
  return new SourceUnusableError(where);
}

async function errorCodeOf(
  response: OutboundResponse,
  { method, reserve, signal }: AnswerContext,
): Promise<string | undefined> {
  if (method === "HEAD") {
    response.discard();
    return undefined;
  }
  try {
    const bytes = await response.readAll(maxErrorBytes);
    // A failure is told without waiting for the budget: those who come later pay for it.
    if (reserve !== undefined && bytes.length > 0)
      (await reserve(bytes.length, signal, { atLatestMs: 0 })).end(bytes.length);
    const code = errorBody.parse(JSON.parse(Buffer.from(bytes).toString())).errors[0]?.code ?? "";
    return /^[A-Z][A-Z0-9_]{0,40}$/.test(code) ? code : undefined;
  } catch {
    return undefined;
  }
}
