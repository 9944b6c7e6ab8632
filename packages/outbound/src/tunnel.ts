import { Socket } from "node:net";

import { Pool } from "undici";

import { createConnector, directLeg, type ConnectorOptions, type OpenLeg } from "./connectors.ts";
import type { Proxy } from "./proxy.ts";
import { TransportError } from "./transport-error.ts";

/** A proxy and the connections to it. */
export interface ProxyGate {
  /** For plain http: requests with the whole URL as their path go here. */
  readonly pool: Pool;
  /** For https: a CONNECT tunnel. */
  readonly openLeg: OpenLeg;
}

/**
 * With a proxy in between, names are resolved by the proxy, so the address guard covers schemes, ports and literals only
 * (`checkTarget`): keeping callers away from private names is then the proxy's task. That is the operator's choice;
 * the proxy itself is the operator's word and may be private.
 */
export function createProxyGate(
  proxy: Proxy,
  options: ConnectorOptions & { headersTimeoutMs: number },
): ProxyGate {
  const pool = new Pool(proxy.url.origin, {
    connect: createConnector(directLeg("operator", options), options),
    headersTimeout: options.headersTimeoutMs,
  });
  const openLeg: OpenLeg = async (target) => {
    const host = target.hostname.includes(":") ? `[${target.hostname}]` : target.hostname;
    const path = `${host}:${target.port === "" ? 443 : target.port}`;
    const headers: Record<string, string> = { host: path, ...proxyHeaders(proxy) };
    const { socket, statusCode } = await pool.connect({ path, headers });
    if (statusCode >= 200 && statusCode < 300 && socket instanceof Socket) return socket;
    socket.on("error", () => {}).destroy();
    throw new TransportError("connect", `the proxy answered ${statusCode}`);
  };
  return { pool, openLeg };
}

export function proxyHeaders(proxy: Proxy): Record<string, string> {
  return proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization };
}
