/**
 * The target of `Link: <...>; rel="next"`, resolved against the request's URL; `undefined` where there is none, or where it
 * names another host: credentials go to the registry only. Behind proxies that end TLS registries write http for https, so
 * only path and query are taken.
 */
export function nextPage(headers: readonly string[], from: URL): URL | undefined {
  for (const [, target = "", parameters = ""] of headers
    .join(", ")
    .matchAll(/<([^>]*)>((?:\s*;\s*[^,;]*)*)/g)) {
    if (!/;\s*rel="?next"?(?:\s|;|$)/i.test(parameters) || !URL.canParse(target, from.href)) continue;
    const resolved = new URL(target, from.href);
    if (resolved.host !== from.host) return undefined;
    return new URL(`${resolved.pathname}${resolved.search}`, from.origin);
  }
  return undefined;
}
