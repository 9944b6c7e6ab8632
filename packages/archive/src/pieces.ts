import type { Segment } from "./archive-plan.ts";
import type { Piece } from "./parts.ts";

interface PieceReader {
  /** The pieces of `[offset, offset + sizeBytes)`; calls must come in order of offsets. */
  take(offset: number, sizeBytes: number): readonly Piece[];
}

/** Walks along the segments once, however many parts there are. Bytes are views, not copies. */
export function createPieceReader(segments: readonly Segment[]): PieceReader {
  let index = 0;
  return {
    take(offset, sizeBytes) {
      const pieces: Piece[] = [];
      const end = offset + sizeBytes;
      for (;;) {
        const segment = segments[index];
        if (segment === undefined || segment.offset >= end) return pieces;
        const segmentEnd = segment.offset + lengthOf(segment);
        const from = Math.max(offset, segment.offset);
        const to = Math.min(end, segmentEnd);
        if (from < to) pieces.push(pieceOf(segment, from, to, offset));
        if (segmentEnd > end) return pieces;
        index += 1;
      }
    },
  };
}

function lengthOf(segment: Segment): number {
  return segment.kind === "given" ? segment.bytes.length : segment.sizeBytes;
}

function pieceOf(segment: Segment, from: number, to: number, partOffset: number): Piece {
  const at = from - partOffset;
  const start = from - segment.offset;
  switch (segment.kind) {
    case "given":
      return { kind: "given", at, bytes: segment.bytes.subarray(start, to - segment.offset) };
    case "blob":
      return { kind: "blob", at, sizeBytes: to - from, blob: segment.blob, blobOffset: start };
  }
}
