import { createSHA256 } from "hash-wasm";

import type { BlobHash } from "./blob-verifier.ts";

/**
 * SHA-256 whose state can be saved, and gone on with in another process; several times slower than `node:crypto`, whose state
 * cannot (libraries.md, section 6). Throws for a state of an incompatible build of hash-wasm.
 */
export async function openSavableHash(state?: string): Promise<BlobHash> {
  const hash = await createSHA256();
  hash.init();
  if (state !== undefined) hash.load(Buffer.from(state, "base64"));
  return {
    async update(bytes) {
      hash.update(bytes);
    },
    digest: async () => hash.digest("hex"),
    state: () => Buffer.from(hash.save()).toString("base64"),
  };
}
