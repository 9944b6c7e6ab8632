export {
  archiveImage,
  type ArchivedLayer,
  type ArchiveOptions,
  type ArchiveResult,
} from "./archive-image.ts";
export type { Checkpoint, Checkpoints, OpenBlob } from "./checkpoint.ts";
export type { ImageSource } from "./image-source.ts";
export { abandonUpload } from "./interrupted-upload.ts";
export { placesIn } from "./places-in.ts";
export { type ArchiveEvent, type ArchiveProgress, createProgressTally } from "./progress.ts";
export type { RetryPolicy } from "./retry.ts";
