import { createHash } from "node:crypto";

import type { Descriptor } from "@layaway/oci";
import { DigestMismatchError } from "@layaway/oci";

import type { RunningHash } from "./hash-thread.ts";

/** Computes a blob's digest from its bytes in order. */
export interface BlobVerifier {
  /**
   * Takes the next bytes, one call after the other. True with the last ones, when the digest held; else it throws
   * `DigestMismatchError`.
   */
  take(bytes: Uint8Array): Promise<boolean>;
}

export function createBlobVerifier(
  blob: Descriptor,
  where: string,
  hash: Pick<RunningHash, "update" | "digest"> = ownHash(),
): BlobVerifier {
  let takenBytes = 0;
  return {
    async take(bytes) {
      await hash.update(bytes);
      takenBytes += bytes.length;
      if (takenBytes < blob.size) return false;
      const actual = `sha256:${await hash.digest()}`;
      if (actual !== blob.digest) {
        throw new DigestMismatchError(
          `blob ${blob.digest} of ${where}: the bytes received have digest ${actual}`,
        );
      }
      return true;
    },
  };
}

/** On the event loop: what few bytes there are is hashed before a thread would have begun. */
function ownHash(): Pick<RunningHash, "update" | "digest"> {
  const hash = createHash("sha256");
  return {
    async update(bytes) {
      hash.update(bytes);
    },
    digest: async () => hash.digest("hex"),
  };
}
