import { InvalidRequestError } from "@layaway/errors";

import { shown } from "./shown.ts";

/** Minutes of the day of `"09:30"`; `"24:00"` is its end. Throws InvalidRequestError. */
export function parseTimeOfDay(value: string | number): number {
  // YAML 1.1 reads 09:00 as a number in base sixty, and so do some of the tools that write files.
  if (typeof value === "number") {
    throw new InvalidRequestError(`${value} is a number, not a time: put it in quotes ("09:00")`);
  }
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/u.exec(value) ?? [];
  if (value !== "24:00" && (hours === undefined || minutes === undefined))
    throw new InvalidRequestError(`${shown(value)} is not a time of day (write "09:00")`);
  return value === "24:00" ? 1440 : Number(hours) * 60 + Number(minutes);
}

/** `09:30`, as `parseTimeOfDay` takes it. */
export function formatTimeOfDay(minuteOfDay: number): string {
  const twoDigits = (amount: number): string => String(amount).padStart(2, "0");
  return `${twoDigits(Math.floor(minuteOfDay / 60))}:${twoDigits(minuteOfDay % 60)}`;
}
