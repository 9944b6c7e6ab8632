import type { ArchivePlan } from "./archive-plan.ts";
import type { BlobPlace, BlobPlaces } from "./parts.ts";

/** A stretch of the archive that the store has already: the range of one blob. */
export interface CopyRange {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly place: BlobPlace;
  /** Where the range begins in the object of `place`. */
  readonly sourceOffset: number;
}

/**
 * Which stretches can be copied, in order. What lies between two of them is nothing or at least `minPartBytes`, so that it
 * can be sent as parts; what follows the last one is the end of the archive, and may be smaller.
 */
export function copyRangesOf(
  plan: ArchivePlan,
  places: BlobPlaces,
  limits: { readonly minPartBytes: number; readonly minCopyBytes: number },
): readonly CopyRange[] {
  const ranges: CopyRange[] = [];
  if (places.size === 0) return ranges;
  let copiedUpTo = 0;
  for (const segment of plan.segments) {
    if (segment.kind === "given") continue;
    const place = places.get(segment.blob.digest);
    if (place === undefined) continue;
    const isGap = segment.offset > copiedUpTo;
    const offset = isGap ? Math.max(segment.offset, copiedUpTo + limits.minPartBytes) : segment.offset;
    const end = segment.offset + segment.sizeBytes;
    if (end - offset < limits.minCopyBytes) continue;
    ranges.push({
      offset,
      sizeBytes: end - offset,
      place,
      sourceOffset: place.offset + offset - segment.offset,
    });
    copiedUpTo = end;
  }
  return ranges;
}
