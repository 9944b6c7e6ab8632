import { crc32, deflateRawSync, gzipSync } from "node:zlib";

export type Compression = "gzip" | "zstd" | "none" | "zstd:chunked";

// RFC 8878: a raw block holds at most 128 KiB, also under a window of 1 MiB.
const zstdBlockBytes = 128 * 1024;

/** A zstd frame whose blocks are stored as they are (RFC 8878, section 3.1.1): valid everywhere, and Node 20 has no zstd of its own. */
export function zstdFrame(content: Uint8Array): Buffer {
  const header = Buffer.alloc(10);
  header.writeUInt32LE(0xfd2fb528, 0);
  // Content size in 4 bytes, a window descriptor follows, no checksum, no dictionary.
  header.writeUInt8(0b1000_0000, 4);
  // Window of 2^(10 + 10) bytes = 1 MiB.
  header.writeUInt8(10 << 3, 5);
  header.writeUInt32LE(content.length, 6);
  const parts: Uint8Array[] = [header];
  for (let offset = 0; offset === 0 || offset < content.length; offset += zstdBlockBytes) {
    const block = content.subarray(offset, offset + zstdBlockBytes);
    const last = offset + zstdBlockBytes >= content.length ? 1 : 0;
    const blockHeader = Buffer.alloc(3);
    blockHeader.writeUIntLE((block.length << 3) | last, 0, 3);
    parts.push(blockHeader, block);
  }
  return Buffer.concat(parts);
}

/** A zstd frame that decoders pass over (RFC 8878, section 3.1.2): 8 bytes and its content. */
export function zstdSkippableFrame(content: Uint8Array): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a50, 0);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}

/** Deterministic: no time, no name, and the operating system's byte set to "unknown" on every machine. */
export function gzip(content: Uint8Array): Buffer {
  const bytes = gzipSync(content);
  bytes.writeUInt8(255, 9);
  return bytes;
}

/** Gzip without compression whose size is exactly `sizeBytes`; what is over stands in the header's extra field (RFC 1952). */
export function gzipOfSize(content: Uint8Array, sizeBytes: number): Buffer {
  // With room for all of it zlib writes blocks of 65,535 bytes, the largest there are; with less, more of them.
  const deflated = deflateRawSync(content, { level: 0, chunkSize: content.length + 100_000 });
  const extra = sizeBytes - deflated.length - 20;
  if (extra < 0 || extra > 0xffff) throw new Error(`cannot make ${sizeBytes} bytes of gzip out of this`);
  const header = Buffer.alloc(12 + extra);
  header.set([0x1f, 0x8b, 8, 0b100, 0, 0, 0, 0, 0, 255]);
  header.writeUInt16LE(extra, 10);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(content), 0);
  trailer.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, deflated, trailer]);
}
