/** A URL as it may stand in a message: no userinfo, no fragment, no query values (threats.md, section 5). */
export function redactUrl(url: URL | string): string {
  const parsed = typeof url === "string" ? parse(url) : url;
  if (parsed === undefined) return "(not a URL)";
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}${redactQuery(parsed.search)}`;
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

// A part without "=" may be a bare token, so its name is a value too.
function redactQuery(search: string): string {
  if (search === "") return "";
  const parts = search
    .slice(1)
    .split("&")
    .map((part) => (part.includes("=") ? `${part.slice(0, part.indexOf("="))}=REDACTED` : "REDACTED"));
  return `?${parts.join("&")}`;
}
