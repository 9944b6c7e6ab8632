import { LayawayError } from "@layaway/errors";

/** More bytes, or more parts, than the destination takes. */
export class TooLargeError extends LayawayError {
  readonly code = "too_large";
  readonly side = "destination";
  readonly retryable = false;
}

/** The object is no archive of Layaway's form. */
export class NotAnArchiveError extends LayawayError {
  readonly code = "not_an_image";
  readonly side = "source";
  readonly retryable = false;
}
