import type { Digest, Reference } from "@layaway/oci";

/** A document as it came, and what the response called it. */
export interface Content {
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly contentType: string | undefined;
}

/**
 * Manifests and configs by digest, the least recently used thrown out first: a manifest that is here costs no pull of a
 * registry's allowance. Kept apart for each repository: a digest alone is no right to read.
 */
export interface ContentCache {
  get(reference: Reference, digest: Digest): Content | undefined;
  put(reference: Reference, content: Content): void;
}

export function createContentCache(maxBytes: number): ContentCache {
  const contents = new Map<string, Content>();
  let sizeBytes = 0;

  const drop = (key: string): void => {
    sizeBytes -= contents.get(key)?.bytes.length ?? 0;
    contents.delete(key);
  };

  return {
    get(reference, digest) {
      const key = keyOf(reference, digest);
      const content = contents.get(key);
      if (content === undefined) return undefined;
      contents.delete(key);
      contents.set(key, content);
      return content;
    },
    put(reference, content) {
      const key = keyOf(reference, content.digest);
      drop(key);
      contents.set(key, content);
      sizeBytes += content.bytes.length;
      for (const oldest of contents.keys()) {
        if (sizeBytes <= maxBytes) return;
        drop(oldest);
      }
    },
  };
}

function keyOf(reference: Reference, digest: Digest): string {
  return `${reference.registry}/${reference.repository}@${digest}`;
}
