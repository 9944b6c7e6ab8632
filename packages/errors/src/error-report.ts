import type { ErrorCode, ErrorSide } from "./error-code.ts";
import { LayawayError } from "./layaway-error.ts";

/** An error as it stands in API answers, receipts and webhooks. */
export interface ErrorReport {
  readonly code: ErrorCode;
  readonly message: string;
  readonly side: ErrorSide;
  readonly retryable: boolean;
}

/** What may be told of any thrown value; what is not ours is `internal`, because its message was never checked for secrets. */
export function errorReportOf(error: unknown): ErrorReport {
  if (error instanceof LayawayError) {
    return { code: error.code, message: error.message, side: error.side, retryable: error.retryable };
  }
  return {
    code: "internal",
    message: "unexpected error; the log has the details",
    side: "internal",
    retryable: true,
  };
}
