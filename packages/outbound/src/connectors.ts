import type { Socket } from "node:net";
import { createSecureContext, rootCertificates, type TLSSocket } from "node:tls";
import { callbackify } from "node:util";

import { buildConnector } from "undici";

import { dial, type DialOptions } from "./dial.ts";
import type { Egress } from "./egress.ts";
import type { HostTls } from "./outbound.ts";
import { codeOf } from "./transport-error-of.ts";
import { TransportError } from "./transport-error.ts";

export interface ConnectorOptions extends DialOptions {
  readonly tlsFor: ((host: string) => HostTls | undefined) | undefined;
}

/** Opens the TCP leg towards a target: directly, or through a proxy's tunnel. */
export type OpenLeg = (target: buildConnector.Options) => Promise<Socket>;

/** The leg of a target we speak to ourselves: the address guard applies. */
export function directLeg(egress: Egress, options: DialOptions & { readonly bulk?: boolean }): OpenLeg {
  return ({ hostname, protocol, port }) =>
    dial(
      {
        hostname,
        port: port === "" ? defaultPort(protocol) : Number(port),
        egress,
        bulk: options.bulk === true && protocol === "http:",
      },
      options,
    );
}

/** An undici connector: the leg, then TLS over it where the scheme asks for it, with the host's own settings. */
export function createConnector(openLeg: OpenLeg, options: ConnectorOptions): buildConnector.connector {
  const secure = new Map<string, buildConnector.connector>();
  const secureFor = (host: string): buildConnector.connector => {
    const known = secure.get(host);
    if (known !== undefined) return known;
    const made = buildConnector({ timeout: options.timeoutMs, ...tlsOptions(options.tlsFor?.(host)) });
    secure.set(host, made);
    return made;
  };

  const open = async (target: buildConnector.Options): Promise<Socket | TLSSocket> => {
    const leg = await openLeg(target);
    if (target.protocol !== "https:") return leg;
    return await secured(leg, target, secureFor(target.host ?? target.hostname));
  };

  const openWithCallback = callbackify(open);
  return (target, callback) => {
    openWithCallback(target, (error, socket) => {
      if (error === null) callback(null, socket);
      else callback(error, null);
    });
  };
}

function secured(
  leg: Socket,
  target: buildConnector.Options,
  connector: buildConnector.connector,
): Promise<Socket | TLSSocket> {
  return new Promise((resolve, reject) => {
    connector({ ...target, httpSocket: leg }, (error, socket) => {
      if (error === null) return resolve(socket);
      leg.destroy();
      const code = codeOf(error);
      // A reset or a silence during the handshake says nothing about certificates.
      const kind = /^(?:ECONN|EPIPE|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)/u.test(code) ? "connect" : "tls";
      reject(
        new TransportError(kind, `TLS failed (${code === "" ? error.message : code})`, { cause: error }),
      );
    });
  });
}

// `ca` replaces Node's own list, so the public authorities are named again: a host may be moved to a public
// certificate before its CA file is removed from the configuration.
function tlsOptions(tls: HostTls | undefined): buildConnector.BuildOptions {
  if (tls === undefined) return {};
  const rejectUnauthorized = tls.rejectUnauthorized ?? true;
  if (tls.ca === undefined && tls.cert === undefined && tls.key === undefined) return { rejectUnauthorized };
  const secureContext = createSecureContext({
    ...(tls.ca === undefined ? {} : { ca: [...rootCertificates, tls.ca] }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  });
  return { rejectUnauthorized, secureContext };
}

function defaultPort(protocol: string): number {
  return protocol === "https:" ? 443 : 80;
}
