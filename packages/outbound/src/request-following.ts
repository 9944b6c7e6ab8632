import type { Egress } from "./egress.ts";
import type { Outbound, OutboundRequest, OutboundResponse } from "./outbound.ts";
import { redactUrl } from "./redact-url.ts";
import { TransportError } from "./transport-error.ts";

export interface FollowingOptions {
  /** 5 by default (threats.md, section 4). */
  readonly maxRedirects?: number | undefined;
}

export interface FollowedResponse {
  readonly response: OutboundResponse;
  /** Where we were sent, in order; empty without redirects. */
  readonly redirects: readonly URL[];
}

/**
 * Sends a request and follows its redirects by hand, each through the same guard. Never from https to http.
 * Credentials stay with the origin they were meant for: S3 refuses a signed URL with an Authorization header beside it,
 * and anybody else would simply have them (CVE-2020-15157). Throws TransportError `redirect` for a chain we do not follow.
 */
export async function requestFollowing(
  outbound: Pick<Outbound, "request">,
  request: OutboundRequest,
  { maxRedirects = 5 }: FollowingOptions = {},
): Promise<FollowedResponse> {
  const redirects: URL[] = [];
  const seen = new Set([request.url.href]);
  let current = request;
  for (;;) {
    const response = await outbound.request(current);
    const location = response.header("location");
    if (!isRedirect(response.status) || location === undefined) return { response, redirects };
    response.discard();
    const next = targetOf(location, current);
    const refusal = refusalOf(next, current.url, seen, redirects.length >= maxRedirects);
    if (refusal !== undefined) {
      throw new TransportError("redirect", `${current.method} ${redactUrl(current.url)}: ${refusal}`);
    }
    seen.add(next.href);
    redirects.push(next);
    current = redirected(current, next, response.status, response.egress);
  }
}

// 300 and 304 carry no order to go elsewhere.
function isRedirect(status: number): boolean {
  return [301, 302, 303, 307, 308].includes(status);
}

function targetOf(location: string, from: OutboundRequest): URL {
  if (!URL.canParse(location, from.url.href)) {
    throw new TransportError(
      "redirect",
      `${from.method} ${redactUrl(from.url)}: redirect to something that is not a URL`,
    );
  }
  const next = new URL(location, from.url.href);
  next.hash = "";
  return next;
}

function refusalOf(next: URL, from: URL, seen: ReadonlySet<string>, atLimit: boolean): string | undefined {
  if (seen.has(next.href)) return "redirect loop";
  if (atLimit) return "too many redirects";
  if (from.protocol === "https:" && next.protocol === "http:")
    return `redirect from https to http (${next.host})`;
  return undefined;
}

function redirected(
  from: OutboundRequest,
  url: URL,
  status: number,
  egress: Egress | undefined,
): OutboundRequest {
  // RFC 9110, sections 15.4.2 to 15.4.4: 303 asks with GET, and so do 301 and 302 in answer to POST.
  const asksWithGet = (status === 303 && from.method !== "HEAD") || (status < 303 && from.method === "POST");
  const headers = headersFor(from, url, asksWithGet);
  // A server that somebody else chose must not lend itself the operator's trust by pointing at a configured host.
  const ceiling = egress === "influenced" ? egress : from.egress;
  const moved = { ...from, url, headers, egress: ceiling };
  return asksWithGet ? { ...moved, method: "GET", body: undefined } : moved;
}

function headersFor(from: OutboundRequest, url: URL, withoutBody: boolean): Record<string, string> {
  const dropped = new Set<string>();
  if (url.origin !== from.url.origin) for (const name of credentialHeaders) dropped.add(name);
  if (withoutBody) for (const name of ["content-type", "content-length"]) dropped.add(name);
  return Object.fromEntries(
    Object.entries(from.headers ?? {}).filter(([name]) => !dropped.has(name.toLowerCase())),
  );
}

const credentialHeaders = ["authorization", "cookie", "proxy-authorization"];
