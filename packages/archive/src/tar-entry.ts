import { NotAnArchiveError } from "./errors.ts";
import { blockBytes, tarHeader } from "./tar-header.ts";

/** What a header block says: `size` bytes of the file `name` follow. */
export interface TarEntry {
  readonly name: string;
  readonly sizeBytes: number;
}

/**
 * Reads a header block that `tarHeader` made; `undefined` for the zero block that ends a tar. Name and size are taken from
 * their fields, and making the header anew must give the same block: so checksum, mode, owner and time are checked too.
 * Throws `NotAnArchiveError`.
 */
export function readTarHeader(block: Uint8Array): TarEntry | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const entry = { name: nameIn(block.subarray(0, 100)), sizeBytes: sizeIn(block.subarray(124, 136)) };
  const isOurs =
    Number.isSafeInteger(entry.sizeBytes) &&
    entry.sizeBytes >= 0 &&
    Buffer.compare(tarHeader(entry.name, entry.sizeBytes), block) === 0;
  if (block.length !== blockBytes || !isOurs)
    throw new NotAnArchiveError("not an archive of Layaway: unexpected tar header");
  return entry;
}

function nameIn(field: Uint8Array): string {
  const end = field.indexOf(0);
  const name = Buffer.from(end === -1 ? field : field.subarray(0, end)).toString("latin1");
  if (!/^[a-z0-9./-]+$/.test(name))
    throw new NotAnArchiveError("not an archive of Layaway: unexpected name in the tar");
  return name;
}

/** Octal digits; or, marked by the first byte, base 256 for 8 GiB and more. */
function sizeIn(field: Uint8Array): number {
  if (field[0] !== 0x80) return Number.parseInt(Buffer.from(field).toString("latin1"), 8);
  return field.subarray(1).reduce((size, byte) => size * 256 + byte, 0);
}
