import { LayawayError } from "@layaway/errors";

/** A record that was read back is none of ours, or of a version that this one does not know. */
export class RecordUnreadableError extends LayawayError {
  readonly code = "internal";
  readonly side = "internal";
  readonly retryable = false;
}
