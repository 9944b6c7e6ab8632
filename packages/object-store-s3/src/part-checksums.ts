import { crc32 } from "node:zlib";

import type { S3StoreOptions } from "./s3-options.ts";

/** Which uploads carry a CRC32 per part. S3 wants it named when the upload begins, and all of them back on completion. */
export interface PartChecksums {
  /** Whether to ask for CRC32 when an upload begins. */
  readonly wanted: boolean;
  /** Notes what the store said of an upload's algorithm, when it was begun or listed. */
  learn(uploadId: string, algorithm: string | undefined): void;
  /** Whether this upload takes them; undefined where nothing was heard of it yet. */
  takenBy(uploadId: string): boolean | undefined;
  forget(uploadId: string): void;
}

export function partChecksums(mode: S3StoreOptions["checksums"]): PartChecksums {
  const taken = new Map<string, boolean>();
  return {
    wanted: mode !== "none",
    learn(uploadId, algorithm) {
      // A store that takes checksums repeats the algorithm; one that does not know them says nothing.
      if (mode === "auto") taken.set(uploadId, algorithm === "CRC32");
    },
    takenBy: (uploadId) => (mode === "auto" ? taken.get(uploadId) : mode === "crc32"),
    forget: (uploadId) => void taken.delete(uploadId),
  };
}

/** CRC-32 of the bytes, big-endian, in base64: the form of `x-amz-checksum-crc32`. */
export function crc32Of(bytes: Uint8Array): string {
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(bytes));
  return sum.toString("base64");
}
