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
export { type Pace, pacedPieces } from "./paced-pieces.ts";
