import { InvalidRequestError } from "@layaway/errors";

import { shown } from "./shown.ts";

/** An IANA time zone that the runtime knows, as it was written. Throws InvalidRequestError. */
export function parseTimezone(text: string): string {
  try {
    Intl.DateTimeFormat("en-US", { timeZone: text });
    return text;
  } catch {
    throw new InvalidRequestError(`${shown(text)} is not a time zone (write Asia/Shanghai or UTC)`);
  }
}
