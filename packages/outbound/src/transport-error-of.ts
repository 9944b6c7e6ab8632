import { AddressDeniedError } from "./address-denied-error.ts";
import { TransportError, type TransportErrorKind } from "./transport-error.ts";

/** Turns whatever undici or a socket threw into one of our two errors; `place` is the method and the redacted URL. */
export function transportErrorOf(
  error: unknown,
  place: string,
  signal: AbortSignal | undefined,
): TransportError | AddressDeniedError {
  if (error instanceof AddressDeniedError) return error;
  if (signal?.aborted === true) return new TransportError("aborted", `${place}: aborted`, { cause: error });
  if (error instanceof TransportError) {
    return new TransportError(error.kind, `${place}: ${error.message}`, { cause: error });
  }
  const code = codeOf(error);
  const kind = kindOfCode(code);
  return new TransportError(kind, `${place}: ${describe(kind, code)}`, { cause: error });
}

/** The `code` of a Node or undici error, or "" where it has none. */
export function codeOf(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return typeof error.code === "string" ? error.code : "";
}

function kindOfCode(code: string): TransportErrorKind {
  switch (code) {
    case "UND_ERR_CONNECT_TIMEOUT":
    case "ECONNREFUSED":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return "connect";
    case "UND_ERR_HEADERS_TIMEOUT":
      return "headers_timeout";
    case "UND_ERR_BODY_TIMEOUT":
      return "idle";
    case "UND_ERR_ABORTED":
    case "UND_ERR_CLOSED":
    case "UND_ERR_DESTROYED":
    case "ABORT_ERR":
      return "aborted";
    default:
      // UND_ERR_SOCKET, ECONNRESET, EPIPE, HPE_* and the rest: the message broke under way.
      return "reset";
  }
}

// The words of the original error are not passed on: they may hold header lines or parts of a body.
function describe(kind: TransportErrorKind, code: string): string {
  const words: Record<TransportErrorKind, string> = {
    connect: "no connection",
    reset: "connection broke",
    headers_timeout: "no response headers in time",
    idle: "no body bytes in time",
    too_slow: "body too slow",
    tls: "TLS failed",
    dns: "name not resolved",
    aborted: "aborted",
    redirect: "redirect refused",
    too_large: "body too large",
  };
  return code === "" ? words[kind] : `${words[kind]} (${code})`;
}
