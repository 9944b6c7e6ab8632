import { CancelledError, LayawayError } from "@layaway/errors";
import { TransportError } from "@layaway/outbound";

import { SourceTooSlowError, SourceUnavailableError, SourceUnusableError } from "./errors.ts";

/** What an exchange with the registry threw, as an error that says which side failed and whether another try helps. */
export function sourceFailure(error: unknown): unknown {
  if (!(error instanceof TransportError) || error instanceof LayawayError) return error;
  const { message } = error;
  const options = { cause: error };
  switch (error.kind) {
    case "connect":
    case "reset":
    case "headers_timeout":
      return new SourceUnavailableError(message, options);
    case "dns":
      // A name that does not exist is a mistake in it; everything else about names may heal.
      return isUnknownName(error)
        ? new SourceUnusableError(message, options)
        : new SourceUnavailableError(message, options);
    case "idle":
    case "too_slow":
      return new SourceTooSlowError(message, options);
    case "tls":
    case "redirect":
    case "too_large":
      return new SourceUnusableError(message, options);
    case "aborted":
      return new CancelledError(message, options);
  }
}

function isUnknownName(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === "ENOTFOUND") || isUnknownName(error.cause);
}
