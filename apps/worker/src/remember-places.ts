import { type ArchiveResult, placesIn } from "@layaway/archiver";
import type { Ledger } from "@layaway/ledger";
import type { StoreLimits } from "@layaway/object-store";

/**
 * Writes down where the archive's layers stand, so that later archives may copy them. Of an archive that stood there
 * already only what lacks is written: whoever made it may have ended before it wrote that.
 *
 * The archive is complete, and a hint that lacks costs a later one some bytes: so what fails is told to `onLost` and thrown
 * only where `signal` aborted.
 */
export async function rememberPlaces(
  ledger: Pick<Ledger, "rememberBlobs" | "findBlob">,
  archive: ArchiveResult,
  options: {
    readonly limits: StoreLimits;
    readonly signal: AbortSignal;
    readonly onLost: (error: unknown) => void;
  },
): Promise<void> {
  const { signal } = options;
  try {
    const places = new Map(placesIn(archive, options.limits));
    if (archive.outcome === "already-there") {
      for (const digest of places.keys()) {
        if ((await ledger.findBlob(digest, { signal })) !== undefined) places.delete(digest);
      }
    }
    await ledger.rememberBlobs(places, { signal });
  } catch (error) {
    signal.throwIfAborted();
    options.onLost(error);
  }
}
