import { InvalidRequestError } from "@layaway/errors";

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

/** Bytes per second of `"20MB/s"`, `"1.5 MiB/s"`, or a plain number. 0 means paused. Throws InvalidRequestError. */
export function parseRate(value: string | number): number {
  const text = String(value).trim();
  const bytes = bytesOf(isNumeral(text) ? text : text.replace(/\s*\/\s*s$/u, "/s"), "/s");
  if (bytes === undefined) {
    throw new InvalidRequestError(
      `${shown(value)} is not a rate (write 20MB/s, 16MiB/s or bytes per second)`,
    );
  }
  return bytes;
}

/** Bytes of `"16MiB"`, `"1.5 GB"`, or a plain number. Throws InvalidRequestError. */
export function parseSize(value: string | number): number {
  const bytes = bytesOf(String(value).trim(), "");
  if (bytes === undefined) {
    throw new InvalidRequestError(`${shown(value)} is not a size (write 16MiB, 20MB or bytes)`);
  }
  return bytes;
}

function bytesOf(text: string, suffix: "" | "/s"): number | undefined {
  if (isNumeral(text)) return wholeBytes(Number(text));
  if (!text.endsWith(suffix)) return undefined;
  const found = /^(?<amount>\d+(?:\.\d+)?)\s*(?<unit>[A-Za-z]+)$/u.exec(
    text.slice(0, text.length - suffix.length),
  );
  const unit = units.get(found?.groups?.["unit"] ?? "none");
  return unit === undefined ? undefined : wholeBytes(Number(found?.groups?.["amount"]) * unit);
}

function isNumeral(text: string): boolean {
  return /^\d+(?:\.\d+)?$/u.test(text);
}

function wholeBytes(amount: number): number | undefined {
  const bytes = Math.round(amount);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

function shown(value: string | number): string {
  return typeof value === "number" ? String(value) : JSON.stringify(value.slice(0, 40));
}
