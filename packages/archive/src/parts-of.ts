import type { ArchivePlan } from "./archive-plan.ts";
import { copyRangesOf, type CopyRange } from "./copy-ranges.ts";
import { partBytesFor } from "./part-size.ts";
import type { BlobPlaces, Part, PartLimits } from "./parts.ts";
import { createPieceReader } from "./pieces.ts";

/** The store copies without our help, so copied parts may be larger than filled ones; a request must still end in time. */
const preferredCopyBytes = 256 * 1024 * 1024;

const noPlaces: BlobPlaces = new Map();

/**
 * Cuts the plan into parts: windows over its bytes that ignore where entries begin. Parts tile the plan, are numbered from
 * 1, and keep the limits; only the last may be smaller than `minPartBytes`.
 *
 * Where a blob's place in the store is known, ranges of it of at least `minCopyBytes` (`minPartBytes` unless given) become
 * copied parts. What stands between two of them is often less than a part may be; then the head of the following blob is
 * sent with it. Where copies would make too many parts, the smaller ones are sent instead.
 *
 * Pure: the same arguments give the same parts. Throws `TooLargeError`.
 */
export function partsOf(
  plan: ArchivePlan,
  limits: PartLimits,
  places: BlobPlaces = noPlaces,
  copyLimits: { readonly minCopyBytes?: number } = {},
): readonly Part[] {
  const partBytes = partBytesFor(plan.sizeBytes, limits);
  const copyBytes = Math.min(limits.maxPartBytes, Math.max(partBytes, preferredCopyBytes));
  let minCopyBytes = Math.max(1, limits.minPartBytes, copyLimits.minCopyBytes ?? 0);
  for (;;) {
    const copies = copyRangesOf(plan, places, { minPartBytes: limits.minPartBytes, minCopyBytes });
    const cuts = cutsOf(plan, copies, { minPartBytes: limits.minPartBytes, partBytes, copyBytes });
    if (copies.length === 0 || isWithin(cuts, limits)) return fillCuts(plan, cuts);
    minCopyBytes = Math.ceil(minCopyBytes * 1.25);
  }
}

/** A stretch of the archive that becomes one part. */
interface Cut {
  readonly offset: number;
  readonly sizeBytes: number;
  readonly copy: CopyRange | undefined;
}

interface CutLimits {
  readonly minPartBytes: number;
  readonly partBytes: number;
  readonly copyBytes: number;
}

function cutsOf(plan: ArchivePlan, copies: readonly CopyRange[], limits: CutLimits): readonly Cut[] {
  const { minPartBytes, partBytes, copyBytes } = limits;
  const cuts: Cut[] = [];
  let end = 0;
  for (const copy of copies) {
    for (const cut of evenly(end, copy.offset, partBytes, minPartBytes))
      cuts.push({ ...cut, copy: undefined });
    end = copy.offset + copy.sizeBytes;
    for (const cut of evenly(copy.offset, end, copyBytes, minPartBytes)) cuts.push({ ...cut, copy });
  }
  for (let offset = end; offset < plan.sizeBytes; offset += partBytes) {
    cuts.push({ offset, sizeBytes: Math.min(partBytes, plan.sizeBytes - offset), copy: undefined });
  }
  return cuts;
}

function isWithin(cuts: readonly Cut[], { maxParts, maxPartBytes }: PartLimits): boolean {
  return cuts.length <= maxParts && cuts.every(({ sizeBytes }) => sizeBytes <= maxPartBytes);
}

/** Pieces that differ by at most a byte, because none of them may be small: other parts follow. */
function* evenly(
  from: number,
  to: number,
  wantedBytes: number,
  minBytes: number,
): Generator<{ readonly offset: number; readonly sizeBytes: number }> {
  const total = to - from;
  const most = Math.max(1, Math.floor(total / Math.max(1, minBytes)));
  const count = Math.min(Math.ceil(total / wantedBytes), most);
  const larger = total % count;
  const smallBytes = (total - larger) / count;
  let offset = from;
  for (let index = 0; index < count; index += 1) {
    const sizeBytes = index < larger ? smallBytes + 1 : smallBytes;
    yield { offset, sizeBytes };
    offset += sizeBytes;
  }
}

function fillCuts(plan: ArchivePlan, cuts: readonly Cut[]): readonly Part[] {
  const pieces = createPieceReader(plan.segments);
  return cuts.map(({ offset, sizeBytes, copy }, index): Part => {
    const number = index + 1;
    if (copy === undefined) {
      return { kind: "filled", number, offset, sizeBytes, pieces: pieces.take(offset, sizeBytes) };
    }
    const { key, etag } = copy.place;
    return {
      kind: "copied",
      number,
      offset,
      sizeBytes,
      source: { key, etag, offset: copy.sourceOffset + offset - copy.offset },
    };
  });
}
