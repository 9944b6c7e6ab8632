export {
  DestinationDeniedError,
  DestinationUnavailableError,
  DestinationUnknownError,
  ObjectConflictError,
  ObjectNotFoundError,
  UploadNotFoundError,
} from "./errors.ts";
export type {
  ByteRange,
  CallOptions,
  ListedObject,
  ListedUpload,
  ListPage,
  ObjectInfo,
  ObjectStore,
  StoreLimits,
  Upload,
  UploadedPart,
  WriteOptions,
} from "./object-store.ts";
export type { Pace } from "./paced-pieces.ts";
export { createPacer, type Pacer } from "./pacer.ts";
