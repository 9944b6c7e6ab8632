import {
  type ArchivePlan,
  type BlobPlace,
  type BlobPlaces,
  planArchive,
  type PartLimits,
} from "@layaway/archive";
import type { Descriptor, Digest } from "@layaway/oci";
import * as fc from "fast-check";

import { describedLayer, imageOf, layerOf } from "./images.ts";

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

/** Amazon S3 user guide, "Multipart upload limits". */
export const s3Limits: PartLimits = {
  minPartBytes: 5 * mebibyte,
  maxPartBytes: 5 * gibibyte,
  maxParts: 10_000,
  preferredPartBytes: 16 * mebibyte,
};
/** OSS documentation, "Limits". */
export const ossLimits: PartLimits = { ...s3Limits, minPartBytes: 100 * 1024 };

/** Layers from a few bytes to hundreds of GiB; about half of them stand in the store already. */
export const describedPlans: fc.Arbitrary<{ readonly plan: ArchivePlan; readonly places: BlobPlaces }> = fc
  .array(
    fc.record({
      size: fc.oneof(
        fc.integer({ min: 1, max: 8 * mebibyte }),
        fc.integer({ min: 4 * mebibyte, max: 200 * mebibyte }),
        fc.integer({ min: gibibyte, max: 300 * gibibyte }),
      ),
      isPlaced: fc.boolean(),
    }),
    { maxLength: 12 },
  )
  .map((layers) => {
    const described = layers.map(({ size }, index) => describedLayer(`layer ${index}`, size));
    const places = new Map<Digest, BlobPlace>();
    layers.forEach(({ isPlaced }, index) => {
      const layer = described[index];
      if (isPlaced && layer !== undefined) places.set(layer.digest, placeOf(layer, index));
    });
    return { plan: planArchive(imageOf(described)), places };
  });

/** An archive small enough to have all its bytes, and other objects in which some of its layers stand. */
export interface SmallStore {
  readonly plan: ArchivePlan;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  readonly places: BlobPlaces;
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly limits: PartLimits;
  readonly minCopyBytes: number;
}

export const smallStores: fc.Arbitrary<SmallStore> = fc
  .record({
    layers: fc.array(fc.record({ size: fc.integer({ min: 1, max: 6000 }), isPlaced: fc.boolean() }), {
      maxLength: 6,
    }),
    minPartBytes: fc.integer({ min: 0, max: 1500 }),
    preferredPartBytes: fc.integer({ min: 1, max: 4000 }),
    moreThanMin: fc.integer({ min: 1, max: 5000 }),
    spareParts: fc.integer({ min: 0, max: 60 }),
    minCopyBytes: fc.integer({ min: 0, max: 3000 }),
  })
  .map(({ layers, minPartBytes, preferredPartBytes, moreThanMin, spareParts, minCopyBytes }) => {
    const made = layers.map(({ size }, index) => layerOf(`layer ${index}`, size));
    const plan = planArchive(imageOf(made.map(({ descriptor }) => descriptor)));
    const maxPartBytes = minPartBytes + moreThanMin;
    const places = new Map<Digest, BlobPlace>();
    const objects = new Map<string, Uint8Array>();
    made.forEach(({ descriptor, bytes }, index) => {
      if (!layers[index]?.isPlaced) return;
      const place = placeOf(descriptor, index);
      const object = new Uint8Array(place.offset + bytes.length + 7).fill(0xee);
      object.set(bytes, place.offset);
      places.set(descriptor.digest, place);
      objects.set(place.key, object);
    });
    return {
      plan,
      blobs: new Map(made.map(({ descriptor, bytes }) => [descriptor.digest, bytes])),
      places,
      objects,
      limits: {
        minPartBytes,
        maxPartBytes,
        maxParts: Math.ceil(plan.sizeBytes / maxPartBytes) + spareParts,
        preferredPartBytes,
      },
      minCopyBytes,
    };
  });

function placeOf(layer: Descriptor, index: number): BlobPlace {
  return { key: `archive-${index}.tar`, etag: `etag-${index}`, offset: 100 + 13 * index + (layer.size % 5) };
}
