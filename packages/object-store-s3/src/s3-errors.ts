import { InvalidRequestError, LayawayError } from "@layaway/errors";
import {
  DestinationDeniedError,
  DestinationUnavailableError,
  DestinationUnknownError,
  ObjectConflictError,
  ObjectNotFoundError,
  UploadNotFoundError,
} from "@layaway/object-store";

import { failureOf } from "./s3-failure.ts";
import type { S3Failure } from "./s3-failure.ts";

/** What a call is about: it decides what "not found" means. */
export type Subject = "object" | "upload";

/** The contract's error for whatever the SDK threw. `what` is method and URL: `PUT s3://bucket/key`. */
export function storeErrorOf(error: unknown, what: string, subject: Subject): LayawayError {
  if (error instanceof LayawayError) return error;
  const failure = failureOf(error);
  const answered = failure.status === undefined ? "" : ` (${failure.status})`;
  const message = `${what}: ${failure.code}${answered}`;
  const options = harmless(error) ? { cause: error } : {};
  switch (reasonOf(failure)) {
    case "no-bucket":
      return new DestinationUnknownError(message, options);
    case "other-region":
      return new DestinationUnknownError(
        `${message}: the bucket is in ${failure.bucketRegion ?? "another region"}`,
        options,
      );
    case "denied":
      return new DestinationDeniedError(message, options);
    case "not-found":
      return subject === "upload"
        ? new UploadNotFoundError(message, options)
        : new ObjectNotFoundError(message, options);
    case "no-upload":
      return new UploadNotFoundError(message, options);
    case "conflict":
      return new ObjectConflictError(message, options);
    case "unavailable":
      return new DestinationUnavailableError(message, { ...options, retryAfterMs: failure.retryAfterMs });
    case "refused":
      return new InvalidRequestError(message, options);
  }
}

/** Errors of answers carry the whole exchange, with the request's signature: they go no further. */
function harmless(error: unknown): boolean {
  return error instanceof Error && !("$response" in error);
}

type Reason =
  | "no-bucket"
  | "other-region"
  | "denied"
  | "not-found"
  | "no-upload"
  | "conflict"
  | "unavailable"
  | "refused";

/** By the code where it says more than the status does; the source of the codes is "S3 API Reference, Error responses". */
function reasonOf({ code, status }: S3Failure): Reason {
  return reasonOfCode[code] ?? reasonOfStatus(status);
}

function reasonOfStatus(status: number | undefined): Reason {
  // No answer, or one that the SDK could not read.
  if (status === undefined || status < 300 || status >= 500 || status === 408 || status === 429) {
    return status === 501 ? "refused" : "unavailable";
  }
  if (status < 400) return "other-region";
  if (status === 401 || status === 403 || status === 405) return "denied";
  if (status === 404) return "not-found";
  if (status === 409 || status === 412 || status === 416) return "conflict";
  return "refused";
}

const reasonOfCode: Readonly<Record<string, Reason>> = {
  NoSuchBucket: "no-bucket",
  InvalidBucketName: "no-bucket",
  PermanentRedirect: "other-region",
  TemporaryRedirect: "other-region",
  AuthorizationHeaderMalformed: "other-region",
  IllegalLocationConstraintException: "other-region",
  NoSuchUpload: "no-upload",
  NoSuchKey: "not-found",
  ExpiredToken: "denied",
  InvalidToken: "denied",
  TokenRefreshRequired: "denied",
  CredentialsProviderError: "denied",
  // These come with 400, and yet sending the same again helps: the bytes were hurt or late on their way.
  BadDigest: "unavailable",
  IncompleteBody: "unavailable",
  RequestTimeout: "unavailable",
  XAmzContentChecksumMismatch: "unavailable",
  XAmzContentSHA256Mismatch: "unavailable",
  // The SDK has taken the server's clock from this answer.
  RequestTimeTooSkewed: "unavailable",
  // Comes with 409: somebody else's change is under way, which is no verdict yet.
  OperationAborted: "unavailable",
};
