import { createHash } from "node:crypto";
import { seededBytes } from "./seeded-bytes.ts";

/** A blob of any size whose bytes are made when they are asked for. */
export interface GeneratedBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  /** As many of the bytes from `offset` on as there are, at most `length`. */
  readonly read: (offset: number, length: number) => Buffer;
}

const blockBytes = 1024 * 1024;

/** Blocks of 1 MiB that begin with their number and are alike in the rest: made as fast as memory is copied, and hashed here once. */
export function generatedBlob(seed: string, sizeBytes: number): GeneratedBlob {
  const read = reader(seed, sizeBytes);
  const hash = createHash("sha256");
  for (let offset = 0; offset < sizeBytes; offset += blockBytes) hash.update(read(offset, blockBytes));
  return { digest: `sha256:${hash.digest("hex")}`, sizeBytes, read };
}

/** The same blob for who knows its digest from an earlier run, without hashing it. */
export function knownGeneratedBlob(seed: string, sizeBytes: number, digest: string): GeneratedBlob {
  return { digest, sizeBytes, read: reader(seed, sizeBytes) };
}

function reader(seed: string, sizeBytes: number): GeneratedBlob["read"] {
  const pattern = seededBytes(seed, blockBytes);
  return (offset, length) => {
    const end = Math.min(offset + length, sizeBytes);
    const bytes = Buffer.allocUnsafe(Math.max(0, end - offset));
    for (let block = Math.floor(offset / blockBytes); block * blockBytes < end; block += 1) {
      pattern.writeDoubleLE(block, 0);
      const from = Math.max(offset, block * blockBytes);
      const to = Math.min(end, (block + 1) * blockBytes);
      pattern.copy(bytes, from - offset, from - block * blockBytes, to - block * blockBytes);
    }
    return bytes;
  };
}
