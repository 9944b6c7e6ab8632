import { InvalidRequestError } from "@layaway/errors";

/** The number of an option, from 1 to `most`; throws `InvalidRequestError` that names the option. */
export function parseCount(option: string, text: string, most: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= 1 && count <= most) return count;
  throw new InvalidRequestError(`${option}: wanted a number from 1 to ${most}, not "${text}"`);
}
