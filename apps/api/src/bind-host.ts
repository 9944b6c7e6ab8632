import { isIPv4 } from "node:net";

import { InvalidRequestError } from "@layaway/errors";

/** Without tokens anybody who reaches the API may use it: throws `InvalidRequestError` unless `host` is loopback. */
export function checkBindHost(host: string, tokens: readonly string[]): void {
  if (tokens.length > 0 || isLoopbackHost(host)) return;
  throw new InvalidRequestError(
    `host: ${host} can be reached from other machines, so the API needs tokens there: set LAYAWAY_TOKENS, or bind to 127.0.0.1`,
  );
}

/** Whether a host, as it stands in a URL or a bind option, can only be this machine. Names are not looked up. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  if (isIPv4(name)) return name.startsWith("127.");
  return name === "::1" || name === "localhost" || name.endsWith(".localhost");
}
