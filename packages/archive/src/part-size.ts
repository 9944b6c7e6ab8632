import { InternalError } from "@layaway/errors";

import { TooLargeError } from "./errors.ts";
import type { PartLimits } from "./parts.ts";

const mebibyte = 1024 * 1024;
/** Part sizes grow before the last part number is reached: room for the parts that copies add (9,500 of 10,000). */
const usedShareOfParts = 0.95;

/**
 * The size of the parts of an archive: the preferred one, grown in whole MiB where there would be too many of them.
 * Throws `TooLargeError` where no allowed size will do.
 */
export function partBytesFor(sizeBytes: number, limits: PartLimits): number {
  const { minPartBytes, maxPartBytes, maxParts, preferredPartBytes } = limits;
  if (
    !(
      minPartBytes >= 0 &&
      maxPartBytes >= Math.max(1, minPartBytes) &&
      maxParts >= 1 &&
      preferredPartBytes >= 1
    )
  ) {
    throw new InternalError("part limits contradict each other");
  }
  if (Math.ceil(sizeBytes / maxPartBytes) > maxParts) {
    throw new TooLargeError(
      `archive of ${sizeBytes} bytes: the destination takes at most ${maxParts} parts of ${maxPartBytes} bytes`,
    );
  }
  const preferred = Math.max(minPartBytes, Math.min(preferredPartBytes, maxPartBytes));
  const usedParts = Math.max(1, Math.floor(maxParts * usedShareOfParts));
  if (Math.ceil(sizeBytes / preferred) <= usedParts) return preferred;
  const grown = Math.ceil(sizeBytes / usedParts / mebibyte) * mebibyte;
  return Math.min(grown, maxPartBytes);
}
