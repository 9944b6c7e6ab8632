import { isIP } from "node:net";

import { AddressDeniedError } from "./address-denied-error.ts";
import { denialOf } from "./address-rule.ts";
import type { Egress } from "./egress.ts";

/** What of the guard can be told from the URL alone: scheme, userinfo, port, and the address where the host is a literal. */
export function checkTarget(url: URL, egress: Egress, plainHttpFor: (host: string) => boolean): void {
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new AddressDeniedError(`scheme ${url.protocol} is not allowed`);
  }
  if (url.username !== "" || url.password !== "") throw denied(url.host, "credentials in the URL");
  if (url.protocol === "http:" && !plainHttpFor(url.host)) throw denied(url.host, "plain http");
  if (egress === "influenced" && !isWebPort(portOf(url))) throw denied(url.host, `port ${portOf(url)}`);
  const literal = hostnameOf(url);
  const denial = isIP(literal) === 0 ? undefined : denialOf(literal, egress);
  if (denial !== undefined) throw denied(url.host, denial);
}

export function denied(host: string, reason: string): AddressDeniedError {
  return new AddressDeniedError(`${host} is not permitted: ${reason}`);
}

/** The host as sockets take it: IPv6 without its brackets. */
export function hostnameOf(url: URL): string {
  return url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
}

export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}

// Registries and callbacks live on 80 and 443 or on unprivileged ports; below are mail, shells and directories.
function isWebPort(port: number): boolean {
  return port === 443 || port === 80 || port >= 1024;
}
