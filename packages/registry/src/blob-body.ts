import type { OutboundResponse } from "@layaway/outbound";

/** Told of every byte of a body as it arrives. */
export type OnBytes = (sizeBytes: number) => void;

/** What became of reading a body into a place. */
export type Filled =
  | { readonly kind: "filled" }
  /** The body ended, or broke, before the place was full. */
  | { readonly kind: "short"; readonly bytes: number; readonly failure: unknown }
  /** More came than has room. The connection is closed by then. */
  | { readonly kind: "overlong" };

/** Copies a body into its place as it arrives; never writes past the end. */
export async function fillFrom(
  response: OutboundResponse,
  into: Uint8Array,
  onBytes: OnBytes,
): Promise<Filled> {
  let bytes = 0;
  let isOverlong = false;
  try {
    await response.each((piece) => {
      onBytes(piece.length);
      isOverlong = piece.length > into.length - bytes;
      const fitting = isOverlong ? piece.subarray(0, into.length - bytes) : piece;
      into.set(fitting, bytes);
      bytes += fitting.length;
      return !isOverlong;
    });
  } catch (failure) {
    // Where every byte is there, the end of the connection is of no interest.
    return bytes === into.length ? { kind: "filled" } : { kind: "short", bytes, failure };
  }
  if (isOverlong) return { kind: "overlong" };
  // A close-delimited or aborted chunked body that ends early looks like success: only counting tells.
  return bytes === into.length ? { kind: "filled" } : { kind: "short", bytes, failure: undefined };
}
