import type { Descriptor } from "./descriptor.ts";
import { sha256Of } from "./digest.ts";
import { DigestMismatchError, SizeMismatchError } from "./errors.ts";

/** Holds bytes that were read whole against their descriptor. Throws `SizeMismatchError`, `DigestMismatchError`. */
export function verifyBytes(bytes: Uint8Array, descriptor: Pick<Descriptor, "digest" | "size">): void {
  if (bytes.length !== descriptor.size) {
    throw new SizeMismatchError(`${descriptor.digest}: ${bytes.length} bytes instead of ${descriptor.size}`);
  }
  const computed = sha256Of(bytes);
  if (computed !== descriptor.digest) {
    throw new DigestMismatchError(`${descriptor.digest}: the bytes hash to ${computed}`);
  }
}
