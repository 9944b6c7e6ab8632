import { parseRate } from "./parse-quantity.ts";

/** The limit of the whole link: a rate as `parseRate` takes it, or the word `auto`. Throws InvalidRequestError. */
export function parseLimit(value: string | number): number | "auto" {
  return value === "auto" ? value : parseRate(value);
}
