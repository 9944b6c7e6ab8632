import type { ByteRange } from "@layaway/object-store";

export type RequestedRange =
  | { readonly kind: "whole" }
  | { readonly kind: "range"; readonly range: ByteRange }
  | { readonly kind: "unsatisfiable" };

/**
 * Reads a `Range` header (RFC 9110 section 14.2) for an object of `sizeBytes`. What is malformed, in another unit or
 * names several ranges is ignored, as section 14.2 allows: the whole object is then the answer.
 */
export function parseByteRange(header: string | undefined, sizeBytes: number): RequestedRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? "");
  const [first, last] = [match?.[1] ?? "", match?.[2] ?? ""];
  if (first === "" && last === "") return { kind: "whole" };
  if (first === "") return rangeOf(Math.max(0, sizeBytes - Number(last)), sizeBytes - 1, sizeBytes);
  if (last !== "" && Number(last) < Number(first)) return { kind: "whole" };
  return rangeOf(Number(first), last === "" ? sizeBytes - 1 : Number(last), sizeBytes);
}

function rangeOf(first: number, last: number, sizeBytes: number): RequestedRange {
  if (first >= sizeBytes) return { kind: "unsatisfiable" };
  return { kind: "range", range: { offset: first, length: Math.min(last, sizeBytes - 1) - first + 1 } };
}
