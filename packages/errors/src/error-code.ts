/** The stable error codes of the contract towards users: the same in API answers, CLI output, receipts and metrics. */
export type ErrorCode =
  | "invalid_reference"
  | "unsupported_media_type"
  | "manifest_schema1_unsupported"
  | "not_an_image"
  | "platform_not_found"
  | "manifest_unknown"
  | "blob_unknown"
  | "digest_mismatch"
  | "size_mismatch"
  | "unauthorized"
  | "denied"
  | "rate_limited"
  | "source_unavailable"
  | "source_too_slow"
  | "address_denied"
  | "destination_unknown"
  | "destination_denied"
  | "destination_unavailable"
  | "object_conflict"
  | "too_large"
  | "cancelled"
  | "crash_loop"
  | "invalid_request"
  | "internal";

/** Which side failed: the registry we read from, the store we write to, or Layaway itself. */
export type ErrorSide = "source" | "destination" | "internal";
