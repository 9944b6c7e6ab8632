import { createCipheriv, createHash } from "node:crypto";

/** The same incompressible bytes for the same seed, on every machine: the AES-CTR key stream of the seed's hash. */
export function seededBytes(seed: string, sizeBytes: number): Buffer {
  const key = createHash("sha256").update(seed).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(sizeBytes));
}

/** The digest as it stands in manifests: `sha256:` and 64 hex digits. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
