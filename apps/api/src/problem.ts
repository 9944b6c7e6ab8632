import { STATUS_CODES } from "node:http";

import type { ErrorCode } from "@layaway/errors";

/** A mistake in the request: where it stands (`labels.team`), and what it is. */
export interface ProblemDetail {
  readonly path: string;
  readonly message: string;
}

/** An RFC 9457 problem document. `title` is the status in words, so `type` is `about:blank` (section 4.2.1). */
export interface Problem {
  readonly type: "about:blank";
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly errors?: readonly ProblemDetail[];
  /** The id under which the log tells more. */
  readonly requestId?: string;
}

export const problemContentType = "application/problem+json";

/** Texts that callers gave (an unknown field's name) come back in details; nobody needs more of them. */
const longestDetail = 1024;

export function problemOf(
  status: number,
  code: ErrorCode,
  detail: string,
  more: Pick<Problem, "errors" | "requestId"> = {},
): Problem {
  return {
    type: "about:blank",
    title: STATUS_CODES[status] ?? "Error",
    status,
    detail: detail.length > longestDetail ? `${detail.slice(0, longestDetail)}…` : detail,
    code,
    ...more,
  };
}

/** The HTTP status of each code, wherever the error came from. */
export const statusOf: Readonly<Record<ErrorCode, number>> = {
  invalid_reference: 400,
  invalid_request: 400,
  unsupported_media_type: 400,
  manifest_schema1_unsupported: 400,
  not_an_image: 400,
  unauthorized: 401,
  denied: 403,
  address_denied: 403,
  destination_denied: 403,
  platform_not_found: 404,
  manifest_unknown: 404,
  blob_unknown: 404,
  destination_unknown: 404,
  object_conflict: 409,
  cancelled: 409,
  too_large: 413,
  rate_limited: 429,
  crash_loop: 500,
  internal: 500,
  digest_mismatch: 502,
  size_mismatch: 502,
  source_unavailable: 503,
  source_too_slow: 503,
  destination_unavailable: 503,
};

/** Every code, for the OpenAPI document. */
export const errorCodes: readonly ErrorCode[] = Object.keys(statusOf).filter(isErrorCode);

function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(statusOf, text);
}
