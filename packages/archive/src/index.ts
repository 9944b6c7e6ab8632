export type { ArchivePlan, BlobSegment, GivenSegment, Segment } from "./archive-plan.ts";
export type { BlobPlace, BlobPlaces, CopiedPart, FilledPart, Part, PartLimits, Piece } from "./parts.ts";
