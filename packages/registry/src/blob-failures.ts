import { type Descriptor, SizeMismatchError } from "@layaway/oci";

import { SourceUnavailableError } from "./errors.ts";
import { sourceFailure } from "./source-failure.ts";

/** The failure of a body that broke; one that merely ended early has none of its own. */
export function brokenBody(failure: unknown, blob: Descriptor, at: number): unknown {
  if (failure !== undefined) return sourceFailure(failure);
  return new SourceUnavailableError(`blob ${blob.digest}: the body ended at byte ${at} of ${blob.size}`);
}

export function overlongBody(blob: Descriptor): SizeMismatchError {
  return new SizeMismatchError(
    `blob ${blob.digest}: more bytes came than the ${blob.size} of its descriptor`,
  );
}
