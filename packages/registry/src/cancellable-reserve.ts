import { CancelledError } from "@layaway/errors";

import type { Reserve } from "./blob-reader.ts";

/** The same, whose wait ends with CancelledError instead of the signal's reason, which may be anything. */
export function cancellableReserve(reserve: Reserve): Reserve {
  return async (upToBytes, signal, options) => {
    try {
      return await reserve(upToBytes, signal, options);
    } catch (cause) {
      if (!signal.aborted) throw cause;
      throw new CancelledError("cancelled while waiting for the bandwidth budget", { cause });
    }
  };
}
