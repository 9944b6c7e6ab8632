import { CancelledError, InvalidRequestError, LayawayError } from "@layaway/errors";
import type { LayawayErrorOptions } from "@layaway/errors";
import {
  DestinationDeniedError,
  DestinationUnavailableError,
  DestinationUnknownError,
  ObjectConflictError,
  ObjectNotFoundError,
  UploadNotFoundError,
} from "@layaway/object-store";

import type { OssCall } from "./oss-transport.ts";

/** What ali-oss tells of an answer that was no success. It also hangs the request on, which must not travel on. */
interface OssAnswer {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly requestId: string | undefined;
}

/** The error of the contract for whatever a call threw. `what` says method and object. */
export function storeErrorOf(error: unknown, what: string, call: OssCall): LayawayError {
  if (call.failure instanceof LayawayError) return call.failure;
  if (error instanceof LayawayError) return error;
  if (call.signal?.aborted === true) {
    return new CancelledError(`${what}: cancelled`, { cause: call.signal.reason });
  }
  if (call.failure !== undefined) {
    return new DestinationUnavailableError(`${what}: ${reasonOf(call.failure)}`, { cause: call.failure });
  }
  const answer = answerOf(error);
  if (answer.status === undefined) {
    return new DestinationUnavailableError(`${what}: an answer that is not OSS' (${reasonOf(error)})`);
  }
  const { status, code = "no code", requestId = "unknown" } = answer;
  return errorFor(status, code, `${what}: ${status} ${code} (request ${requestId})`, {
    retryAfterMs: call.retryAfterMs,
  });
}

/** Whether OSS said that the thing itself is not there, rather than its bucket. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ObjectNotFoundError;
}

// Codes: OSS, "Error responses", and the errors of each operation.
function errorFor(status: number, code: string, message: string, options: LayawayErrorOptions): LayawayError {
  switch (code) {
    case "NoSuchBucket":
    case "InvalidBucketName":
      return new DestinationUnknownError(message, options);
    case "NoSuchUpload":
      return new UploadNotFoundError(message, options);
    case "NoSuchKey":
      return new ObjectNotFoundError(message, options);
    // EC 0042-00000214: x-oss-forbid-overwrite, on PutObject and CompleteMultipartUpload alike.
    case "FileAlreadyExists":
    case "PreconditionFailed":
    case "InvalidRange":
      return new ObjectConflictError(message, options);
    case "RequestTimeout":
      return new DestinationUnavailableError(message, options);
    default:
  }
  if (status === 408 || status === 429 || status >= 500)
    return new DestinationUnavailableError(message, options);
  if (status === 400) return new InvalidRequestError(message, options);
  if (status === 404) return new ObjectNotFoundError(message, options);
  if (status === 409 || status === 412 || status === 416) return new ObjectConflictError(message, options);
  return new DestinationDeniedError(message, options);
}

function answerOf(error: unknown): OssAnswer {
  const fields = typeof error === "object" && error !== null ? { ...error } : {};
  const { status, code, requestId } = fields as { status?: unknown; code?: unknown; requestId?: unknown };
  return {
    status: typeof status === "number" && status > 0 ? status : undefined,
    code: typeof code === "string" ? printable(code) : undefined,
    requestId: typeof requestId === "string" ? printable(requestId) : undefined,
  };
}

/** The system's code, or the first words of the message; neither holds a URL or a header. */
function reasonOf(failure: unknown): string {
  if (!(failure instanceof Error)) return "failed";
  const code = "code" in failure && typeof failure.code === "string" ? failure.code : undefined;
  return code ?? printable(failure.message);
}

// Of a foreign server: one line, and not long.
function printable(text: string): string {
  return text.replaceAll(/[^ -~]/gu, " ").slice(0, 80);
}
