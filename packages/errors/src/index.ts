export { CancelledError, InternalError, InvalidRequestError } from "./own-errors.ts";
export type { ErrorCode, ErrorSide } from "./error-code.ts";
export { errorReportOf, type ErrorReport } from "./error-report.ts";
export { LayawayError, type LayawayErrorOptions } from "./layaway-error.ts";
