import { createHash } from "node:crypto";

import type { Descriptor } from "@layaway/oci";
import { DigestMismatchError } from "@layaway/oci";

import type { OpenBlob } from "./checkpoint.ts";

/** Computes a SHA-256 from bytes in order. */
export interface BlobHash {
  update(bytes: Uint8Array): Promise<void>;
  /** Lower-case hex. */
  digest(): Promise<string>;
  /** Where it can be saved. */
  state?(): string;
  /** Of what was taken so far, where the state cannot be saved: lower-case hex. */
  prefix?(): Promise<string>;
}

/** Computes a blob's digest from its bytes in order. */
export interface BlobVerifier {
  /**
   * Takes the next bytes, one call after the other. True with the last ones, when the digest held; else it throws
   * `DigestMismatchError`.
   */
  take(bytes: Uint8Array): Promise<boolean>;
  /** What was taken so far. */
  taken(): Promise<OpenBlob>;
}

/** `takenBytes`: what `hash` has taken already. */
export function createBlobVerifier(
  blob: Descriptor,
  where: string,
  hash: BlobHash = ownHash(),
  takenBytes: number = 0,
): BlobVerifier {
  let sizeBytes = takenBytes;
  return {
    async take(bytes) {
      await hash.update(bytes);
      sizeBytes += bytes.length;
      if (sizeBytes < blob.size) return false;
      const actual = `sha256:${await hash.digest()}`;
      if (actual !== blob.digest) {
        throw new DigestMismatchError(
          `blob ${blob.digest} of ${where}: the bytes received have digest ${actual}`,
        );
      }
      return true;
    },
    async taken() {
      const state = hash.state?.();
      const prefix = state === undefined ? await hash.prefix?.() : undefined;
      return {
        digest: blob.digest,
        sizeBytes,
        ...(state === undefined ? {} : { state }),
        ...(prefix === undefined ? {} : { prefix }),
      };
    },
  };
}

/** On the event loop: what few bytes there are is hashed before a thread would have begun. */
export function ownHash(): BlobHash {
  const hash = createHash("sha256");
  return {
    async update(bytes) {
      hash.update(bytes);
    },
    digest: async () => hash.digest("hex"),
    prefix: async () => hash.copy().digest("hex"),
  };
}
