import { createOutbound, type Outbound } from "@layaway/outbound";
import { checkCallbackUrl } from "@layaway/webhook";

/**
 * The guarded client that webhooks leave by. Hosts that the operator named may be private and plain http; every other
 * one is what a caller wrote. No proxy: it would connect on our behalf, behind the guard.
 */
export function createWebhookOutbound(allowHosts: readonly string[], userAgent: string): Outbound {
  return createOutbound({
    egressFor: (url) => (isNamed(plainHttp(url), allowHosts) ? "operator" : "influenced"),
    plainHttpFor: (host) => isNamed(`http://${host}/`, allowHosts),
    connectionsPerOrigin: 4,
    userAgent,
  });
}

/** Plain http is taken from named hosts only, so a callback of it that passes tells that its host is one. */
function isNamed(plainHttpUrl: string, allowHosts: readonly string[]): boolean {
  try {
    checkCallbackUrl(plainHttpUrl, allowHosts);
    return true;
  } catch {
    return false;
  }
}

/** The same host and port. */
function plainHttp(url: URL): string {
  const port = url.port === "" && url.protocol === "https:" ? "443" : url.port;
  return `http://${url.hostname}${port === "" ? "" : `:${port}`}/`;
}
