import { isIP } from "node:net";
import { InvalidRequestError } from "@layaway/errors";

const maxUrlLength = 2048;
/** Below 1024 only those of https (outbound-webhooks.md, section 8); a webhook must not knock at mail servers. */
const lowPorts: readonly string[] = ["", "443"];

/**
 * Checks a callback's address when it is given. Hosts in `allowHosts` (`hooks.example.com`, `*.example.com`, with `:port`
 * where only that one is meant) are the operator's word: plain http and private addresses are theirs to allow. Every other
 * one must be https with a public name; what the name resolves to is checked at each attempt, by the guarded client.
 * Throws `InvalidRequestError`.
 */
export function checkCallbackUrl(text: string, allowHosts: readonly string[]): URL {
  const url = text.length <= maxUrlLength && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new InvalidRequestError(`callbackUrl: expected an https URL of at most ${maxUrlLength} characters`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new InvalidRequestError("callbackUrl: user and password are not taken in URLs");
  }
  url.hash = "";
  if (allowHosts.some((allowed) => allows(allowed.toLowerCase(), url))) return url;
  if (url.protocol !== "https:") {
    throw new InvalidRequestError(
      `callbackUrl: ${url.host} must be https; webhooks.allowHosts may name exceptions`,
    );
  }
  if (!isPublicName(url.hostname)) {
    throw new InvalidRequestError(
      `callbackUrl: ${url.host} is no public host; webhooks.allowHosts may name exceptions`,
    );
  }
  if (!lowPorts.includes(url.port) && Number(url.port) < 1024) {
    throw new InvalidRequestError(`callbackUrl: port ${url.port} is not permitted`);
  }
  return url;
}

function allows(allowed: string, url: URL): boolean {
  const [, name = "", port] = /^(.*?)(?::(\d+))?$/.exec(allowed) ?? [];
  const given = url.port === "" ? (url.protocol === "https:" ? "443" : "80") : url.port;
  if (port !== undefined && port !== given) return false;
  return name.startsWith("*.") ? url.hostname.endsWith(name.slice(1)) : url.hostname === name;
}

/** By the name alone. Addresses are nobody's public name: certificates for them are rare, tricks with them are not. */
function isPublicName(hostname: string): boolean {
  const name = hostname.replace(/\.$/, "");
  if (isIP(name) !== 0 || name.startsWith("[") || !name.includes(".")) return false;
  return !/\.(localhost|local|internal|intranet|lan|home|corp)$/.test(name);
}
