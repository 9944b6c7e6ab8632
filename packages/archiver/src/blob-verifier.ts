import { createHash } from "node:crypto";

import type { Descriptor } from "@layaway/oci";
import { DigestMismatchError } from "@layaway/oci";

/** Computes a blob's digest from its bytes in order. */
export interface BlobVerifier {
  /** Takes the next bytes. True with the last ones, when the digest held; else it throws `DigestMismatchError`. */
  take(bytes: Uint8Array): boolean;
}

export function createBlobVerifier(blob: Descriptor, where: string): BlobVerifier {
  const hash = createHash("sha256");
  let takenBytes = 0;
  return {
    take(bytes) {
      hash.update(bytes);
      takenBytes += bytes.length;
      if (takenBytes < blob.size) return false;
      const actual = `sha256:${hash.digest("hex")}`;
      if (actual !== blob.digest) {
        throw new DigestMismatchError(
          `blob ${blob.digest} of ${where}: the bytes received have digest ${actual}`,
        );
      }
      return true;
    },
  };
}
