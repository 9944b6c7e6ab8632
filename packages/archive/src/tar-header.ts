import { InternalError } from "@layaway/errors";
import { type Header, pack } from "tar-stream";

/** A header is one block, and bodies are padded to whole blocks. */
export const blockBytes = 512;
/** Two zero blocks end a tar. */
export const tarEndBytes: number = 2 * blockBytes;

/** The zero bytes after a body of this size. */
export function paddingOf(sizeBytes: number): number {
  return (blockBytes - (sizeBytes % blockBytes)) % blockBytes;
}

/**
 * One ustar header block of a file, made by tar-stream; sizes of 8 GiB and more are in base 256. Everything but name and
 * size is fixed, so equal entries have equal bytes.
 */
export function tarHeader(name: string, sizeBytes: number): Uint8Array {
  const blocks: Uint8Array[] = [];
  encodeHeader(
    { name, size: sizeBytes, type: "file", mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) },
    (block) => blocks.push(block) > 0,
  );
  const [header, ...others] = blocks;
  if (header?.length !== blockBytes || others.length > 0) {
    throw new InternalError(`tar header of ${name}: expected one block of ${blockBytes} bytes`);
  }
  return header;
}

/** The step of a tar-stream pack in which it makes an entry's header and pushes it. Not in its types: `pack.js`. */
interface HeaderEncoder {
  _encode(header: Partial<Header>): void;
  push(block: Uint8Array): boolean;
}

/**
 * A pack takes this step a microtask after `entry()`, but planning is synchronous, so the step is taken directly on a pack
 * that carries nothing else. tar-stream is pinned to one version, and the tests read headers back with other readers.
 */
function encodeHeader(header: Partial<Header>, push: HeaderEncoder["push"]): void {
  const encoder: unknown = Object.assign(pack(), { push });
  if (!isHeaderEncoder(encoder)) throw new InternalError("tar-stream has changed how it makes headers");
  encoder._encode(header);
}

function isHeaderEncoder(value: unknown): value is HeaderEncoder {
  return (
    typeof value === "object" && value !== null && "_encode" in value && typeof value._encode === "function"
  );
}
