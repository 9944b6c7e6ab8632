import type { BlobPlace, BlobPlaces } from "@layaway/archive";
import type { ObjectStore } from "@layaway/object-store";
import type { Descriptor, Digest } from "@layaway/oci";

import { createPermits } from "./slots.ts";

const lookupsInFlight = 8;

/**
 * Which of the blobs can be copied within the store. A hint is believed only where its object still has the ETag it had,
 * and a look-up that fails only means that the blob is fetched.
 */
export async function placesOf(options: {
  readonly blobs: readonly Descriptor[];
  readonly store: ObjectStore;
  readonly findBlob: ((digest: Digest, signal: AbortSignal) => Promise<BlobPlace | undefined>) | undefined;
  readonly signal: AbortSignal;
}): Promise<BlobPlaces> {
  const { blobs, store, findBlob, signal } = options;
  const places = new Map<Digest, BlobPlace>();
  if (findBlob === undefined) return places;
  const permits = createPermits(lookupsInFlight);
  const objects = new Map<string, Promise<string | undefined>>();

  const etagOf = (key: string): Promise<string | undefined> => {
    const known = objects.get(key);
    if (known !== undefined) return known;
    const asked = store
      .head(key, { signal })
      .then((object) =>
        object !== undefined && object.sizeBytes >= store.limits.minCopySourceBytes ? object.etag : undefined,
      );
    objects.set(key, asked);
    return asked;
  };

  await Promise.all(
    blobs
      .filter((blob) => blob.size >= store.limits.minPartBytes)
      .map(async (blob) => {
        await permits.take(signal);
        try {
          const place = await findBlob(blob.digest, signal);
          if (place !== undefined && (await etagOf(place.key)) === place.etag) places.set(blob.digest, place);
        } catch (error) {
          if (signal.aborted) throw error;
        } finally {
          permits.give(true);
        }
      }),
  );
  return places;
}
