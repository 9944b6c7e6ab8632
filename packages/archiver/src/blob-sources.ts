import type { BlobPlaces, Part } from "@layaway/archive";
import type { ObjectStore } from "@layaway/object-store";
import type { Descriptor, Digest } from "@layaway/oci";
import type { BlobReader } from "@layaway/registry";

import { createBlobVerifier } from "./blob-verifier.ts";
import type { ArchiveEvent } from "./progress.ts";

/** Where one blob's bytes come from while an archive is made, and the check of what came. */
export interface BlobSource {
  /** `reused`: bytes come from another archive in the store, where they were verified before they became visible. */
  readonly kind: "fetched" | "reused";
  read(into: Uint8Array, offset: number, signal: AbortSignal): Promise<void>;
  /** Takes the bytes in order, after they arrived; throws `DigestMismatchError` with the blob's last ones. */
  verify(bytes: Uint8Array): void;
}

interface BlobSources {
  of(blob: Descriptor): BlobSource;
  /** Ends every open body. */
  close(): void;
}

/**
 * A blob of which the store copies a part is not asked of the registry at all: its edges, which share a part with their
 * neighbours, are read from the place that the rest is copied from. Every other blob is fetched whole and verified.
 */
export function createBlobSources(options: {
  readonly parts: readonly Part[];
  readonly places: BlobPlaces;
  readonly store: ObjectStore;
  readonly openBlob: (blob: Descriptor) => BlobReader;
  readonly where: string;
  readonly onEvent: (event: ArchiveEvent) => void;
}): BlobSources {
  const filledBytes = countFilledBytes(options.parts);
  const sources = new Map<Digest, BlobSource>();
  const open = new Set<BlobReader>();

  const fetched = (blob: Descriptor): BlobSource => {
    const reader = options.openBlob(blob);
    const verifier = createBlobVerifier(blob, options.where);
    open.add(reader);
    const onBytes = (sizeBytes: number): void =>
      options.onEvent({ kind: "fetched", blob: blob.digest, sizeBytes });
    return {
      kind: "fetched",
      read: (into, offset, signal) => reader.read(into, offset, { signal, onBytes }),
      verify(bytes) {
        if (!verifier.take(bytes)) return;
        reader.close();
        open.delete(reader);
      },
    };
  };

  const sourceOf = (blob: Descriptor): BlobSource => {
    const place = options.places.get(blob.digest);
    if (place === undefined || filledBytes.get(blob.digest) === blob.size) return fetched(blob);
    return {
      kind: "reused",
      async read(into, offset, signal) {
        const range = { offset: place.offset + offset, length: into.length };
        let at = 0;
        for await (const chunk of await options.store.get(place.key, { range, signal })) {
          into.set(chunk, at);
          at += chunk.length;
        }
      },
      verify() {},
    };
  };

  return {
    of(blob) {
      const known = sources.get(blob.digest);
      if (known !== undefined) return known;
      const source = sourceOf(blob);
      sources.set(blob.digest, source);
      return source;
    },
    close() {
      for (const reader of open) reader.close();
    },
  };
}

function countFilledBytes(parts: readonly Part[]): ReadonlyMap<Digest, number> {
  const sizes = new Map<Digest, number>();
  for (const part of parts) {
    if (part.kind === "copied") continue;
    for (const piece of part.pieces) {
      if (piece.kind === "given") continue;
      sizes.set(piece.blob.digest, (sizes.get(piece.blob.digest) ?? 0) + piece.sizeBytes);
    }
  }
  return sizes;
}
