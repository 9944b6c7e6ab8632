import { InvalidRequestError } from "@layaway/errors";

import { parseSize } from "./parse-quantity.ts";

/** OSS takes parts from 100 KiB on, S3 from 5 MiB on (the store raises what is too small). */
const leastBytes = 100 * 1024;
/** Parts stand in memory whole, several at a time. */
const mostBytes = 2 ** 30;

/** The preferred size of parts in bytes, of `"16MiB"` or a plain number: 100 KiB to 1 GiB. Throws InvalidRequestError. */
export function parsePartSize(value: string | number): number {
  const bytes = parseSize(value);
  if (bytes >= leastBytes && bytes <= mostBytes) return bytes;
  throw new InvalidRequestError(`${value} is no part size: it must lie between 100KiB and 1GiB`);
}
