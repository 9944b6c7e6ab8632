import type { ArchiveEntry } from "./archive-head.ts";
import { NotAnArchiveError } from "./errors.ts";
import { readTarHeader } from "./tar-entry.ts";
import { blockBytes, paddingOf } from "./tar-header.ts";

/** Far more than indexes, manifests and configs of any image take; what asks for more is no archive of ours. */
const longestHeadBytes = 64 * 1024 * 1024;

/** Walks along the entries of an archive whose first bytes are given. Both methods throw `EndOfBytes`, `NotAnArchiveError`. */
export interface FileReader {
  readonly entries: readonly ArchiveEntry[];
  /** The next entry's name; `undefined` at the end of the tar. */
  next(): string | undefined;
  /** The next entry's bytes; it must have this name. */
  expect(name: string): Uint8Array;
}

/** The given bytes end before what was asked for. Unwinds to `readArchiveHead`, which says it in its answer. */
export class EndOfBytes extends Error {
  readonly neededBytes: number;

  constructor(neededBytes: number) {
    super(`${neededBytes} bytes are needed`);
    this.neededBytes = neededBytes;
  }
}

export function createFileReader(bytes: Uint8Array): FileReader {
  const entries: ArchiveEntry[] = [];
  let offset = 0;
  const need = (end: number): void => {
    if (end > longestHeadBytes)
      throw new NotAnArchiveError("not an archive of Layaway: its small entries are too large");
    if (end > bytes.length) throw new EndOfBytes(end);
  };
  const header = (): { readonly name: string; readonly sizeBytes: number } | undefined => {
    need(offset + blockBytes);
    return readTarHeader(bytes.subarray(offset, offset + blockBytes));
  };
  return {
    entries,
    next: () => header()?.name,
    expect(name) {
      const found = header();
      if (found?.name !== name)
        throw new NotAnArchiveError(`not an archive of Layaway: ${name} is not where it must be`);
      const entry = { name, offset: offset + blockBytes, sizeBytes: found.sizeBytes };
      need(entry.offset + entry.sizeBytes);
      entries.push(entry);
      offset = endOf(entry);
      return bytes.subarray(entry.offset, entry.offset + entry.sizeBytes);
    },
  };
}

/** Where the next header begins. */
export function endOf({ offset, sizeBytes }: ArchiveEntry): number {
  return offset + sizeBytes + paddingOf(sizeBytes);
}
