import type { Socket } from "node:net";

import { problemContentType, problemOf } from "./problem.ts";
import { securityHeaders } from "./security-headers.ts";

/** Answers what Node could not even parse, or did not get in time, and ends the connection. */
export function answerMalformedHttp(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = problemFor(error.code);
  const body = JSON.stringify(problem);
  const headers = {
    ...securityHeaders,
    "content-type": problemContentType,
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end(`HTTP/1.1 ${problem.status} ${problem.title}\r\n${lines.join("\r\n")}\r\n\r\n${body}`);
}

function problemFor(code: string | undefined): ReturnType<typeof problemOf> {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return problemOf(408, "invalid_request", "the request did not arrive in time");
  }
  if (code === "HPE_HEADER_OVERFLOW") return problemOf(431, "invalid_request", "the headers are too large");
  return problemOf(400, "invalid_request", "this is not HTTP");
}
