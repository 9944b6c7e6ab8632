import { LayawayError } from "@layaway/errors";

/** No such bucket, directory or configured name. */
export class DestinationUnknownError extends LayawayError {
  readonly code = "destination_unknown";
  readonly side = "destination";
  readonly retryable = false;
}

/** Wrong keys, a signature that was refused, or a destination that may not be written. */
export class DestinationDeniedError extends LayawayError {
  readonly code = "destination_denied";
  readonly side = "destination";
  readonly retryable = false;
}

/** The store did not answer, answered 5xx or asked to slow down. */
export class DestinationUnavailableError extends LayawayError {
  readonly code = "destination_unavailable";
  readonly side = "destination";
  readonly retryable = true;
}

/** Another object stands under the key, or the source of a copy has changed. */
export class ObjectConflictError extends LayawayError {
  readonly code = "object_conflict";
  readonly side = "destination";
  readonly retryable = false;
}

/** The object that was to be read is not there. */
export class ObjectNotFoundError extends LayawayError {
  readonly code = "blob_unknown";
  readonly side = "destination";
  readonly retryable = false;
}

/** The upload was completed or aborted by somebody: retryable, because a new one can be begun. */
export class UploadNotFoundError extends LayawayError {
  readonly code = "destination_unavailable";
  readonly side = "destination";
  readonly retryable = true;
}
