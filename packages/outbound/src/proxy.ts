import { BlockList, isIP } from "node:net";

import { InvalidRequestError } from "@layaway/errors";

import { hostnameOf, portOf } from "./check-target.ts";

/** The values of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export interface ProxySettings {
  readonly httpProxy?: string | undefined;
  readonly httpsProxy?: string | undefined;
  readonly noProxy?: string | undefined;
}

/** A proxy and the header it wants, where its URL held credentials. */
export interface Proxy {
  readonly url: URL;
  readonly authorization: string | undefined;
}

/** Gives the proxy for a URL, or `undefined` where it is spoken to directly. Throws InvalidRequestError for a proxy URL we cannot use. */
export function createProxyChoice(settings: ProxySettings = {}): (url: URL) => Proxy | undefined {
  const plain = parseProxy("HTTP_PROXY", settings.httpProxy);
  const secure = parseProxy("HTTPS_PROXY", settings.httpsProxy);
  const exceptions = (settings.noProxy ?? "").split(/[\s,]+/u).filter((entry) => entry !== "");
  return (url) => {
    const proxy = url.protocol === "https:" ? secure : plain;
    if (proxy === undefined || isLocal(url) || exceptions.some((entry) => matches(entry, url)))
      return undefined;
    return proxy;
  };
}

function parseProxy(name: string, text: string | undefined): Proxy | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  // curl and docker take "proxy:3128" too.
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//iu.test(text.trim()) ? text.trim() : `http://${text.trim()}`;
  if (!URL.canParse(withScheme)) throw new InvalidRequestError(`${name} is not a URL`);
  const url = new URL(withScheme);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new InvalidRequestError(`${name}: ${url.protocol} proxies are not supported, use http: or https:`);
  }
  try {
    return { url: new URL(url.origin), authorization: basicOf(url) };
  } catch {
    throw new InvalidRequestError(`${name}: a % in its user name or password has to be written as %25`);
  }
}

function basicOf(url: URL): string | undefined {
  if (url.username === "" && url.password === "") return undefined;
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return `Basic ${Buffer.from(pair).toString("base64")}`;
}

// As docker (Go's httpproxy) has it: what is local to us means nothing to the proxy.
function isLocal(url: URL): boolean {
  const hostname = hostnameOf(url);
  return (
    hostname === "localhost" || hostname === "::1" || (isIP(hostname) === 4 && hostname.startsWith("127."))
  );
}

/** NO_PROXY: `*`, a name (and the names below it), `.name` (only those below), an address, a CIDR; each with `:port` or without. */
function matches(entry: string, url: URL): boolean {
  if (entry === "*") return true;
  if (entry.includes("/")) return inNetwork(entry, hostnameOf(url));
  const { host, port } = splitPort(entry.toLowerCase());
  if (port !== undefined && port !== portOf(url)) return false;
  const hostname = hostnameOf(url).replace(/\.$/u, "");
  const suffix = host.replace(/^\*/u, "");
  return suffix.startsWith(".")
    ? hostname.endsWith(suffix)
    : hostname === suffix || hostname.endsWith(`.${suffix}`);
}

function splitPort(entry: string): { host: string; port: number | undefined } {
  const bracketed = /^\[(?<host>[^\]]*)\](?::(?<port>\d+))?$/u.exec(entry);
  const plain = /^(?<host>[^:]*):(?<port>\d+)$/u.exec(entry);
  const found = bracketed?.groups ?? plain?.groups;
  if (found === undefined) return { host: entry, port: undefined };
  return { host: found["host"] ?? "", port: found["port"] === undefined ? undefined : Number(found["port"]) };
}

function inNetwork(cidr: string, hostname: string): boolean {
  const [network = "", bits = ""] = cidr.split("/");
  const family = isIP(network);
  if (family === 0 || family !== isIP(hostname) || !/^\d{1,3}$/u.test(bits)) return false;
  const name = family === 4 ? "ipv4" : "ipv6";
  if (Number(bits) > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), name);
  return list.check(hostname, name);
}
