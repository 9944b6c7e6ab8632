/** A `Content-Range` of one range of bytes; `sizeBytes` is `undefined` where the server does not say (`/*`). */
export interface ContentRange {
  readonly first: number;
  readonly last: number;
  readonly sizeBytes: number | undefined;
}

/** Reads exactly one `bytes first-last/size` (RFC 9110, section 14.4); `undefined` for anything else. */
export function parseContentRange(headers: readonly string[]): ContentRange | undefined {
  const [header = "", ...others] = headers;
  if (others.length > 0) return undefined;
  const [, first = "", last = "", size = ""] =
    /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/.exec(header.trim()) ?? [];
  if (first === "") return undefined;
  return { first: Number(first), last: Number(last), sizeBytes: size === "*" ? undefined : Number(size) };
}
