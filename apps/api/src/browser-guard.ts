import type { IncomingHttpHeaders } from "node:http";

import { isLoopbackHost } from "./bind-host.ts";
import { HttpError } from "./http-error.ts";

/**
 * An API without tokens trusts whoever reaches loopback, and a web page in this machine's browser does. So a page may
 * neither come under a name of its own that resolves to 127.0.0.1 (DNS rebinding: its `Host` gives it away) nor post
 * from elsewhere (its `Origin` does; browsers send one with every cross-origin POST).
 */
export function checkLocalCaller(method: string, headers: IncomingHttpHeaders): void {
  if (!isLoopbackHost(hostnameOf(`http://${headers.host ?? ""}`))) {
    throw new HttpError(
      403,
      "denied",
      "without LAYAWAY_TOKENS the API only answers to loopback names such as 127.0.0.1 and localhost",
    );
  }
  if (method === "GET" || method === "HEAD" || method === "OPTIONS") return;
  const { origin } = headers;
  if (origin !== undefined && origin.toLowerCase() !== `http://${headers.host ?? ""}`.toLowerCase()) {
    throw new HttpError(403, "denied", "requests from other web pages are refused");
  }
}

function hostnameOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "";
}
