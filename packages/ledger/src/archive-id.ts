import { randomBytes } from "node:crypto";

/** Crockford's base 32, as ULIDs have it, in lower case: its order is the order of the digits. */
const digits = "0123456789abcdefghjkmnpqrstvwxyz";
const timeDigits = 10;
const randomBytesPerId = 10;

/**
 * A new archive's id: `arc_`, 48 bits of milliseconds, 80 random bits. Ids sort by their time, as text.
 *
 * @param nowMs milliseconds since 1970
 * @param random gives that many random bytes
 */
export function newArchiveId(
  nowMs: number = Date.now(),
  random: (sizeBytes: number) => Uint8Array = randomBytes,
): string {
  let value = BigInt(Math.trunc(nowMs));
  for (const byte of random(randomBytesPerId)) value = (value << 8n) | BigInt(byte);
  return `arc_${inDigits(value, timeDigits + (randomBytesPerId * 8) / 5)}`;
}

function inDigits(value: bigint, length: number): string {
  let text = "";
  for (let rest = value; text.length < length; rest >>= 5n)
    text = `${digits.charAt(Number(rest & 31n))}${text}`;
  return text;
}

/** Ids become object keys: a word, an underscore, lower-case letters and digits, nothing that means something in a path. */
const idPattern = /^[a-z]{1,8}_[0-9a-z]{1,64}$/;

/** Whether the text may be the id of an archive; it says nothing about whether there is such an archive. */
export function isArchiveId(text: string): boolean {
  return idPattern.test(text);
}
