import { LayawayError, type LayawayErrorOptions } from "@layaway/errors";

import { formatPlatform, type Platform } from "./platform.ts";

/** The text is no image reference; the message says which rule it breaks, and never shows what may be a password. */
export class InvalidReferenceError extends LayawayError {
  readonly code = "invalid_reference";
  readonly side = "internal";
  readonly retryable = false;
}

/** The text has not the form `algorithm:hex` of a digest. */
export class InvalidDigestError extends LayawayError {
  readonly code = "invalid_reference";
  readonly side = "internal";
  readonly retryable = false;
}

/** A digest of an algorithm that we do not compute (sha512, blake3, ...): refused, because it could not be checked. */
export class UnsupportedDigestError extends LayawayError {
  readonly code = "unsupported_media_type";
  readonly side = "source";
  readonly retryable = false;
}

/** A document or layer of a kind we do not know, or one that says two things about its own kind. */
export class UnsupportedMediaTypeError extends LayawayError {
  readonly code = "unsupported_media_type";
  readonly side = "source";
  readonly retryable = false;
}

/** Docker's manifest schema 1, which no current engine reads any more. */
export class ManifestSchema1UnsupportedError extends LayawayError {
  readonly code = "manifest_schema1_unsupported";
  readonly side = "source";
  readonly retryable = false;
}

/** An artifact (chart, signature, attestation, model) that is stored like an image and is none. */
export class NotAnImageError extends LayawayError {
  readonly code = "not_an_image";
  readonly side = "source";
  readonly retryable = false;
}

/** A manifest, index or image config that breaks its own rules: no JSON, missing fields, counts that do not agree. */
export class MalformedImageError extends LayawayError {
  readonly code = "not_an_image";
  readonly side = "source";
  readonly retryable = false;
}

/** The image exists, but not for the platform that was asked for. */
export class PlatformNotFoundError extends LayawayError {
  readonly code = "platform_not_found";
  readonly side = "source";
  readonly retryable = false;
  readonly offered: readonly Platform[];

  constructor(wanted: Platform, offered: readonly Platform[], options: LayawayErrorOptions = {}) {
    const list = [...new Set(offered.map(formatPlatform))].join(", ");
    super(`no image for ${formatPlatform(wanted)}; offered: ${list === "" ? "none" : list}`, options);
    this.offered = offered;
  }
}

/** Bytes that do not hash to their digest. Whoever can fetch anew does so once; after that it is permanent. */
export class DigestMismatchError extends LayawayError {
  readonly code = "digest_mismatch";
  readonly side = "source";
  readonly retryable = false;
}

/** More or fewer bytes than the descriptor says, which makes the content untrusted (image-spec `descriptor.md`). */
export class SizeMismatchError extends LayawayError {
  readonly code = "size_mismatch";
  readonly side = "source";
  readonly retryable = false;
}
