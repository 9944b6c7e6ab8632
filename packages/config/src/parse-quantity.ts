import { InvalidRequestError } from "@layaway/errors";

import { shown } from "./shown.ts";

// SI and IEC prefixes. "MB" and "Mb" differ by a factor of eight in networking, so case is not guessed.
const units: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["B", 1],
  ["kB", 1e3],
  ["KB", 1e3],
  ["MB", 1e6],
  ["GB", 1e9],
  ["TB", 1e12],
  ["KiB", 2 ** 10],
  ["MiB", 2 ** 20],
  ["GiB", 2 ** 30],
  ["TiB", 2 ** 40],
]);

// Below, a part takes hours and its connection is closed as idle; such a number is a missing unit. Above, it is a stray one.
const leastRate = 1024;
const greatestRate = 1e12;

/**
 * Bytes per second of `"20MB/s"`, `"1.5 MiB/s"`, or a plain number. 0 means paused; else from 1024 bytes to 1 TB.
 * Throws InvalidRequestError.
 */
export function parseRate(value: string | number): number {
  const text = String(value).trim();
  const amount = amountOf(isNumeral(text) ? text : text.replace(/\s*\/\s*s$/u, "/s"), "/s");
  if (amount === undefined) {
    throw new InvalidRequestError(
      countsBits(text)
        ? `${shown(value)} is not a rate: bits are not taken (write bytes, with a capital B: 20MB/s, 16MiB/s)`
        : `${shown(value)} is not a rate (write 20MB/s, 16MiB/s or bytes per second)`,
    );
  }
  if (amount > 0 && amount < leastRate)
    throw new InvalidRequestError(`${shown(value)} is below 1024 bytes per second (write 0 to pause)`);
  if (amount > greatestRate) throw new InvalidRequestError(`${shown(value)} is above 1 TB/s`);
  return Math.round(amount);
}

/** Bytes of `"16MiB"`, `"1.5 GB"`, or a plain number. Throws InvalidRequestError. */
export function parseSize(value: string | number): number {
  const bytes = Math.round(amountOf(String(value).trim(), "") ?? Number.NaN);
  if (!Number.isSafeInteger(bytes)) {
    throw new InvalidRequestError(`${shown(value)} is not a size (write 16MiB, 20MB or bytes)`);
  }
  return bytes;
}

function amountOf(text: string, suffix: "" | "/s"): number | undefined {
  if (isNumeral(text)) return Number(text);
  if (!text.endsWith(suffix)) return undefined;
  const found = /^(?<amount>\d+(?:\.\d+)?)\s*(?<unit>[A-Za-z]+)$/u.exec(
    text.slice(0, text.length - suffix.length),
  );
  const unit = units.get(found?.groups?.["unit"] ?? "none");
  return unit === undefined ? undefined : Number(found?.groups?.["amount"]) * unit;
}

/** `5mb/s`, `5Mbit/s`, `5 Mbps`. */
function countsBits(text: string): boolean {
  return /^[\d.]+\s*[A-Za-z]?i?(?:b|[Bb]its?)(?:ps|\s*\/.*)?$/u.test(text);
}

function isNumeral(text: string): boolean {
  return /^\d+(?:\.\d+)?$/u.test(text);
}
