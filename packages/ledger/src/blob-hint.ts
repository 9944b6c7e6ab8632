import { z } from "zod";

import { RecordUnreadableError } from "./record-unreadable-error.ts";

/** In which object of this destination a blob stands, as `BlobPlace` of @layaway/archive. */
export interface BlobHint {
  /** Relative to the destination's prefix. */
  readonly key: string;
  readonly etag: string;
  /** Place of the blob's first byte in the object. */
  readonly offset: number;
}

const blobHint: z.ZodType<BlobHint> = z.object({
  key: z.string().min(1),
  etag: z.string().min(1),
  offset: z.number().int().nonnegative(),
});

export function parseBlobHint(value: unknown): BlobHint {
  const result = blobHint.safeParse(value);
  if (!result.success) throw new RecordUnreadableError("unreadable blob hint");
  return result.data;
}

export function blobHintKey(digest: string): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest)?.[1];
  if (hex === undefined) throw new RecordUnreadableError("a blob hint is kept for sha256 digests only");
  return `.layaway/blobs/sha256/${hex}.json`;
}
