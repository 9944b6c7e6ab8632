import { type Descriptor, SizeMismatchError } from "@layaway/oci";
import type { OutboundResponse } from "@layaway/outbound";

import { SourceUnavailableError } from "./errors.ts";
import { parseContentRange } from "./content-range.ts";
import { contentLength } from "./read-body.ts";

/** What was asked for: a range of the blob, in bytes. */
export interface BlobRange {
  readonly offset: number;
  readonly length: number;
}

/** `range`: the body is what was asked for. `whole`: Range was ignored, the body begins at the blob's first byte. */
export type BlobAnswerKind = "range" | "whole";

/**
 * What the body of an answer is, going by its headers; bytes are never put to a place that the headers do not name.
 * Throws `SizeMismatchError` where the blob has another size than its descriptor, `SourceUnavailableError` where the answer
 * is not to the question. The body is unread.
 */
export function blobAnswerKind(
  response: OutboundResponse,
  blob: Descriptor,
  asked: BlobRange,
): BlobAnswerKind {
  const length = contentLength(response);
  if (response.status === 200) {
    if (length !== undefined && length !== blob.size) throw otherSize(blob, length);
    return asked.length === blob.size ? "range" : "whole";
  }
  const range = parseContentRange(response.headers("content-range"));
  if (range?.sizeBytes !== undefined && range.sizeBytes !== blob.size) throw otherSize(blob, range.sizeBytes);
  const last = asked.offset + asked.length - 1;
  if (range?.first !== asked.offset || range.last !== last || (length ?? asked.length) !== asked.length) {
    throw new SourceUnavailableError(
      `blob ${blob.digest}: asked for bytes ${asked.offset}-${last}, ${response.url.host} answered with others`,
    );
  }
  return "range";
}

function otherSize(blob: Descriptor, sizeBytes: number): SizeMismatchError {
  return new SizeMismatchError(
    `blob ${blob.digest}: the registry has ${sizeBytes} bytes instead of ${blob.size}`,
  );
}
