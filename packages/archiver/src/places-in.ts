import type { BlobPlace } from "@layaway/archive";
import type { StoreLimits } from "@layaway/object-store";
import type { Digest } from "@layaway/oci";

import type { ArchiveResult } from "./archive-image.ts";

/** The places in an archive that a later one can copy from: layers that fill at least one part of the store. */
export function placesIn(archive: ArchiveResult, limits: StoreLimits): ReadonlyMap<Digest, BlobPlace> {
  if (archive.sizeBytes < limits.minCopySourceBytes) return new Map();
  const { key, etag } = archive;
  return new Map(
    archive.layers
      .filter((layer) => layer.size >= limits.minPartBytes)
      .map(({ digest, offset }) => [digest, { key, etag, offset }]),
  );
}
