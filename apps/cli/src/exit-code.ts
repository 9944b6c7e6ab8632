import type { ErrorCode } from "@layaway/errors";

/** 0 done, 1 failed, 2 wrong usage or configuration, 3 refused by policy, 4 not found, 130 interrupted. */
export type ExitCode = 0 | 1 | 2 | 3 | 4 | 130;

/** What scripts may rely on: the exit status that belongs to an error code, and to the status of an API that answered with it. */
export function exitCodeOf(code: ErrorCode, httpStatus?: number): ExitCode {
  // There is no code of its own for an archive that the API does not know.
  if (httpStatus === 404) return 4;
  switch (code) {
    case "invalid_reference":
    case "invalid_request":
      return 2;
    case "address_denied":
    case "denied":
    case "destination_denied":
    case "too_large":
      return 3;
    case "manifest_unknown":
    case "blob_unknown":
    case "platform_not_found":
    case "destination_unknown":
      return 4;
    case "cancelled":
      return 130;
    case "unsupported_media_type":
    case "manifest_schema1_unsupported":
    case "not_an_image":
    case "digest_mismatch":
    case "size_mismatch":
    case "unauthorized":
    case "rate_limited":
    case "source_unavailable":
    case "source_too_slow":
    case "destination_unavailable":
    case "object_conflict":
    case "crash_loop":
    case "internal":
      return 1;
    // An API that is newer than this program may answer with a code that is not known here.
    default:
      return 1;
  }
}
