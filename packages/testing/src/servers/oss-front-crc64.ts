import { Transform } from "node:stream";
import type { TransformCallback } from "node:stream";

// Reflected ECMA-182 polynomial 0xC96C5795D7870F42, in two halves: numbers of 64 bits would be BigInts, and slow.
const highTable = new Uint32Array(256);
const lowTable = new Uint32Array(256);
for (let byte = 0; byte < 256; byte += 1) {
  let high = 0;
  let low = byte;
  for (let bit = 0; bit < 8; bit += 1) {
    const isOdd = (low & 1) === 1;
    low = (low >>> 1) | ((high & 1) << 31);
    high >>>= 1;
    if (isOdd) {
      high ^= 0xc96c5795;
      low ^= 0xd7870f42;
    }
  }
  highTable[byte] = high >>> 0;
  lowTable[byte] = low >>> 0;
}

/** CRC-64/XZ, which OSS calls crc64ecma, of all bytes that pass. */
export class Crc64Stream extends Transform {
  #high = 0xffffffff;
  #low = 0xffffffff;

  /** As OSS writes it: decimal, unsigned. */
  get decimal(): string {
    const high = BigInt(~this.#high >>> 0);
    return ((high << 32n) | BigInt(~this.#low >>> 0)).toString();
  }

  override _transform(bytes: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    let high = this.#high;
    let low = this.#low;
    for (const byte of bytes) {
      const index = (low ^ byte) & 0xff;
      low = ((low >>> 8) | (high << 24)) ^ (lowTable[index] ?? 0);
      high = (high >>> 8) ^ (highTable[index] ?? 0);
    }
    this.#high = high;
    this.#low = low;
    done(null, bytes);
  }
}
