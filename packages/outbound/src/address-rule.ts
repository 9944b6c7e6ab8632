import ipaddr from "ipaddr.js";

import type { Egress } from "./egress.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Why an address may not be spoken to, or `undefined` where it may (threats.md, section 2).
 *
 * Metadata services hand out the machine's credentials to whoever asks, so their addresses are denied to everybody:
 * an operator's registry name that suddenly resolves there is an attack or a mistake. Everything else that is not
 * public unicast is denied to influenced URLs only; the operator may well keep a registry on 10.0.0.5 or on loopback.
 */
export function denialOf(address: string, egress: Egress): string | undefined {
  if (!ipaddr.isValid(address)) return "not an address";
  const parsed = ipaddr.parse(address);
  if (embeddedForms(parsed).some(isMetadata)) return "metadata or link-local address";
  if (egress === "operator") return undefined;
  const range = ipaddr.process(address).range();
  return range === "unicast" ? undefined : `${range} address`;
}

const metadataAddresses = new Set([
  "100.100.100.200", // Alibaba Cloud, inside 100.64.0.0/10
  "168.63.129.16", // Azure WireServer; ipaddr.js calls it unicast
  "fd00:ec2::254", // AWS over IPv6
]);

// 169.254.169.254 and fe80:: are among the link-local ranges.
function isMetadata(address: Address): boolean {
  return address.range() === "linkLocal" || metadataAddresses.has(withoutZone(address));
}

function withoutZone(address: Address): string {
  return address.toString().replace(/%.*$/u, "");
}

/** The address and the IPv4 address a translator (RFC 6052, RFC 6145, 6to4, IPv4-mapped or -compatible) would make of it. */
function embeddedForms(address: Address): Address[] {
  if (address.kind() === "ipv4") return [address];
  const bytes = address.toByteArray();
  const last = new ipaddr.IPv4(bytes.slice(12));
  const range = address.range();
  if (range === "6to4") return [address, new ipaddr.IPv4(bytes.slice(2, 6))];
  const compatible = bytes.slice(0, 12).every((byte) => byte === 0);
  return compatible || translatedRanges.has(range) ? [address, last] : [address];
}

const translatedRanges = new Set<string>(["ipv4Mapped", "rfc6052", "rfc6145"]);
