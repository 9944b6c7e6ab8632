import { Agent, type Dispatcher, Pool } from "undici";

import { checkTarget } from "./check-target.ts";
import { createConnector, directLeg, type ConnectorOptions } from "./connectors.ts";
import type { Egress } from "./egress.ts";
import type { Outbound, OutboundOptions, OutboundRequest, OutboundResponse } from "./outbound.ts";
import { type Answer, dispatchRequest } from "./dispatch-request.ts";
import { createProxyChoice, type Proxy } from "./proxy.ts";
import { redactUrl } from "./redact-url.ts";
import { type BodyOptions, wholeBody } from "./response-body.ts";
import { transportErrorOf } from "./transport-error-of.ts";
import { createProxyGate, proxyHeaders, type ProxyGate } from "./tunnel.ts";

/**
 * The one way out over HTTP. Connections are kept and reused per origin, and apart for each egress class, so that a
 * connection opened on the operator's word never serves a URL somebody else chose.
 * Throws InvalidRequestError for proxy settings that cannot be used.
 */
export function createOutbound(options: OutboundOptions = {}): Outbound {
  const headersTimeoutMs = options.headersTimeoutMs ?? 30_000;
  const now = options.now ?? (() => performance.now());
  const throughput = {
    minBytesPerSecond: options.minBytesPerSecond ?? 1024,
    windowMs: options.throughputWindowMs ?? 60_000,
  };
  const connecting: ConnectorOptions = {
    lookup: options.lookup,
    connect: options.connect,
    timeoutMs: options.connectTimeoutMs ?? 10_000,
    tlsFor: options.tlsFor,
  };
  const connectionsTo = (origin: string | URL): number =>
    options.connectionsFor?.(new URL(origin).host) ?? options.connectionsPerOrigin ?? 16;
  const agentFor = (connect: ReturnType<typeof createConnector>): Agent =>
    new Agent({ factory: (origin) => new Pool(origin, { connect, connections: connectionsTo(origin) }) });
  const direct: Record<Egress, Agent> = {
    operator: agentFor(createConnector(directLeg("operator", { ...connecting, bulk: true }), connecting)),
    influenced: agentFor(createConnector(directLeg("influenced", { ...connecting, bulk: true }), connecting)),
  };
  const proxyFor = createProxyChoice(options.proxy);
  const gates = new Map<string, ProxyGate & { readonly tunnels: Agent }>();

  const gateOf = (proxy: Proxy): ProxyGate & { readonly tunnels: Agent } => {
    const key = `${proxy.url.origin} ${proxy.authorization ?? ""}`;
    const known = gates.get(key);
    if (known !== undefined) return known;
    const gate = createProxyGate(proxy, { ...connecting, headersTimeoutMs });
    const made = { ...gate, tunnels: agentFor(createConnector(gate.openLeg, connecting)) };
    gates.set(key, made);
    return made;
  };

  const send = (url: URL, egress: Egress, rest: RequestRest, body: BodyOptions): Promise<Answer> => {
    const proxy = proxyFor(url);
    const path = `${url.pathname}${url.search}`;
    if (proxy === undefined)
      return dispatchRequest(direct[egress], { ...rest, origin: url.origin, path }, body);
    if (url.protocol === "https:")
      return dispatchRequest(gateOf(proxy).tunnels, { ...rest, origin: url.origin, path }, body);
    const headers = { ...rest.headers, host: url.host, ...proxyHeaders(proxy) };
    return dispatchRequest(gateOf(proxy).pool, { ...rest, headers, path: `${url.origin}${path}` }, body);
  };

  const request = async (asked: OutboundRequest): Promise<OutboundResponse> => {
    const { url, method, signal } = asked;
    const egress = asked.egress === "influenced" ? "influenced" : (options.egressFor?.(url) ?? "influenced");
    checkTarget(url, egress, options.plainHttpFor ?? (() => false));
    const place = `${method} ${redactUrl(url)}`;
    try {
      const asSent: RequestRest = {
        method,
        // Without a coding the bytes are the blob's own; undici's `request` leaves them alone (`fetch` would not).
        headers: {
          "user-agent": options.userAgent ?? "layaway",
          "accept-encoding": "identity",
          ...lowerCased(asked.headers),
        },
        body: asked.body ?? null,
        headersTimeout: asked.headersTimeoutMs ?? headersTimeoutMs,
        bodyTimeout: options.idleTimeoutMs ?? 60_000,
      };
      const answer = await send(url, egress, asSent, { place, signal, throughput, now });
      return responseOf(answer, { url, egress, place });
    } catch (error) {
      throw transportErrorOf(error, place, signal);
    }
  };

  const responseOf = (answer: Answer, about: About): OutboundResponse => {
    const values = (name: string): string[] => [answer.headers[name.toLowerCase()] ?? []].flat();
    const { pieces, each, discard } = answer.body;
    return {
      status: answer.statusCode,
      url: about.url,
      egress: about.egress,
      firstByteMs: answer.firstByteMs,
      header: (name) => (values(name).length === 0 ? undefined : values(name).join(", ")),
      headers: values,
      body: pieces,
      each,
      readAll: (maxBytes) => wholeBody(pieces, maxBytes, about.place),
      discard,
    };
  };

  const close = async (): Promise<void> => {
    const gateDispatchers = [...gates.values()].flatMap(({ tunnels, pool }) => [tunnels, pool]);
    await Promise.all([direct.operator, direct.influenced, ...gateDispatchers].map((each) => each.destroy()));
  };

  return { request, close };
}

type RequestRest = Omit<Dispatcher.DispatchOptions, "origin" | "path" | "headers"> & {
  readonly headers: Record<string, string>;
};

interface About {
  readonly url: URL;
  readonly egress: Egress;
  readonly place: string;
}

// So that a caller's "User-Agent" replaces ours instead of standing beside it.
function lowerCased(headers: Readonly<Record<string, string>> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
