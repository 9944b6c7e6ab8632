import {
  type Descriptor,
  DigestMismatchError,
  MalformedImageError,
  maxManifestBytes,
  type Reference,
  verifyBytes,
} from "@layaway/oci";

import type { BlobReader } from "./blob-reader.ts";
import type { ContentCache } from "./content-cache.ts";

/** Fetches an image config whole and verifies it; bytes that were damaged on the way are fetched once more. */
export async function fetchConfig(options: {
  readonly cache: ContentCache;
  readonly openBlob: (reference: Reference, blob: Descriptor) => BlobReader;
  readonly reference: Reference;
  readonly descriptor: Descriptor;
  readonly signal: AbortSignal;
}): Promise<Uint8Array> {
  const { cache, reference, descriptor, signal } = options;
  const { digest, size, mediaType } = descriptor;
  const known = cache.get(reference, digest);
  if (known !== undefined && known.bytes.length === size) return known.bytes;
  if (size > maxManifestBytes) {
    throw new MalformedImageError(
      `image config ${digest}: ${size} bytes, at most ${maxManifestBytes} are allowed`,
    );
  }
  const reader = options.openBlob(reference, descriptor);
  try {
    for (let tried = 1; ; tried += 1) {
      const bytes = new Uint8Array(size);
      await reader.read(bytes, 0, { signal });
      try {
        verifyBytes(bytes, descriptor);
      } catch (error) {
        if (error instanceof DigestMismatchError && tried === 1) continue;
        throw error;
      }
      cache.put(reference, { digest, bytes, contentType: mediaType });
      return bytes;
    }
  } finally {
    reader.close();
  }
}
