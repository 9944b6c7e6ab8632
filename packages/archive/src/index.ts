export { type ArchiveIdentity, archiveKey, checkArchiveKey } from "./archive-key.ts";
export type { ArchiveEntry, ArchiveHead, DockerImage, MoreNeeded } from "./archive-head.ts";
export type { ArchivePlan, BlobSegment, GivenSegment, Segment } from "./archive-plan.ts";
export { NotAnArchiveError, TooLargeError } from "./errors.ts";
export { partsOf } from "./parts-of.ts";
export type { BlobPlace, BlobPlaces, CopiedPart, FilledPart, Part, PartLimits, Piece } from "./parts.ts";
export { planArchive } from "./plan-archive.ts";
export { readArchiveHead } from "./read-archive-head.ts";
