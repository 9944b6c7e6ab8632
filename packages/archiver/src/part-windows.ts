import type { FilledPart } from "@layaway/archive";
import type { Descriptor } from "@layaway/oci";

/** A stretch of one blob that is asked for in one request, and its place within the part. */
export interface Window {
  readonly blob: Descriptor;
  readonly blobOffset: number;
  readonly at: number;
  readonly sizeBytes: number;
}

/**
 * Cuts a part's blob ranges into windows, in order. `windowBytes` is asked anew for each window, so that a change of the
 * allowed rate takes effect with the next request.
 */
export function* windowsOf(part: FilledPart, windowBytes: () => number): Generator<Window> {
  for (const piece of part.pieces) {
    if (piece.kind === "given") continue;
    for (let taken = 0; taken < piece.sizeBytes;) {
      const sizeBytes = Math.min(windowBytes(), piece.sizeBytes - taken);
      yield { blob: piece.blob, blobOffset: piece.blobOffset + taken, at: piece.at + taken, sizeBytes };
      taken += sizeBytes;
    }
  }
}
