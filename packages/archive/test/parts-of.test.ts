import {
  type ArchivePlan,
  type BlobPlaces,
  type Part,
  type PartLimits,
  partsOf,
  planArchive,
  TooLargeError,
} from "@layaway/archive";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { describedPlans, ossLimits, s3Limits, smallStores, type SmallStore } from "./arbitrary-plans.ts";
import { describedLayer, imageOf } from "./images.ts";
import { archiveBytes } from "./read-back.ts";

const mebibyte = 1024 ** 2;
const gibibyte = 1024 ** 3;

describe("partsOf", () => {
  it("tiles any plan within the limits of S3 and OSS, with and without copies", () => {
    fc.assert(
      fc.property(
        describedPlans,
        fc.constantFrom(s3Limits, ossLimits),
        fc.boolean(),
        ({ plan, places }, limits, copies) => {
          const parts = partsOf(plan, limits, copies ? places : undefined);
          expect(faultsOf(parts, plan, limits)).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("tiles small plans within any limits", () => {
    fc.assert(
      fc.property(smallStores, ({ plan, places, limits, minCopyBytes }) => {
        expect(faultsOf(partsOf(plan, limits, places, { minCopyBytes }), plan, limits)).toEqual([]);
      }),
      { numRuns: 250 },
    );
  });

  it("fills and copies exactly the archive's bytes", () => {
    fc.assert(
      fc.property(smallStores, (store) => {
        const parts = partsOf(store.plan, store.limits, store.places, { minCopyBytes: store.minCopyBytes });
        const uploaded = Buffer.concat(parts.map((part) => bytesOf(part, store)));
        expect(uploaded.equals(archiveBytes(store.plan, store.blobs))).toBe(true);
      }),
      { numRuns: 250 },
    );
  });

  it("copies nothing smaller than the store, or the caller, would have it", () => {
    fc.assert(
      fc.property(smallStores, ({ plan, places, limits, minCopyBytes }) => {
        const copied = copiedRanges(partsOf(plan, limits, places, { minCopyBytes }));
        expect(copied.filter((size) => size < Math.max(minCopyBytes, limits.minPartBytes))).toEqual([]);
      }),
    );
  });

  it("makes one part of an archive that holds known bytes only", () => {
    const plan = planArchive(imageOf([]));
    expect(partsOf(plan, s3Limits)).toMatchObject([
      { kind: "filled", number: 1, offset: 0, sizeBytes: plan.sizeBytes, pieces: [{ kind: "given", at: 0 }] },
    ]);
  });

  it("keeps the preferred size up to 9,500 parts, and grows it by whole MiB beyond", () => {
    const sizeOfParts = (layerBytes: number): number | undefined =>
      partsOf(planOf(layerBytes), s3Limits)[0]?.sizeBytes;
    expect(sizeOfParts(9_499 * 16 * mebibyte)).toBe(16 * mebibyte);
    expect(sizeOfParts(9_500 * 16 * mebibyte)).toBe(17 * mebibyte);
    expect(sizeOfParts(1024 * gibibyte)).toBe(111 * mebibyte);
  });

  it("raises a preferred size that the store does not take, and lowers one that is too large for it", () => {
    const plan = planOf(11 * gibibyte);
    expect(partsOf(plan, { ...s3Limits, preferredPartBytes: 1 })[0]?.sizeBytes).toBe(5 * mebibyte);
    expect(partsOf(plan, { ...s3Limits, preferredPartBytes: 6 * gibibyte })[0]?.sizeBytes).toBe(5 * gibibyte);
  });

  it("fits archives up to the last byte that the store takes, and refuses the next one", () => {
    const limits: PartLimits = {
      minPartBytes: 1,
      maxPartBytes: mebibyte,
      maxParts: 100,
      preferredPartBytes: 4096,
    };
    const around = planOf(1).sizeBytes - 512;
    expect(partsOf(planOf(100 * mebibyte - around), limits)).toHaveLength(100);
    expect(() => partsOf(planOf(100 * mebibyte - around + 1), limits)).toThrow(TooLargeError);
    expect(() => partsOf(planOf(50_000 * gibibyte), s3Limits)).toThrow(TooLargeError);
  });

  it("sends small layers rather than use up the part numbers for copies", () => {
    const layers = Array.from({ length: 300 }, (_, index) =>
      describedLayer(`layer ${index}`, (6 + (index % 60)) * mebibyte),
    );
    const plan = planArchive(imageOf(layers));
    const places = new Map(
      layers.map(({ digest }) => [digest, { key: "other.tar", etag: "e", offset: 512 }]),
    );
    const limits = { ...s3Limits, preferredPartBytes: 64 * mebibyte, maxParts: 250 };
    const parts = partsOf(plan, limits, places);
    expect(faultsOf(parts, plan, limits)).toEqual([]);
    expect(copiedRanges(parts).length).toBeGreaterThan(20);
    expect(copiedRanges(partsOf(plan, { ...limits, maxParts: 1000 }, places)).length).toBeGreaterThan(200);
  });

  it("copies large layers whole, in few parts, but for what shares a part with the headers before", () => {
    const layers = [describedLayer("base", 3 * gibibyte), describedLayer("app", gibibyte)];
    const places: BlobPlaces = new Map(
      layers.map(({ digest }, index) => [digest, { key: `${index}.tar`, etag: "e", offset: 1000 }]),
    );
    const plan = planArchive(imageOf(layers));
    const parts = partsOf(plan, s3Limits, places);
    const sent = parts.reduce((sum, part) => (part.kind === "filled" ? sum + part.sizeBytes : sum), 0);
    expect(sent).toBeLessThan(3 * s3Limits.minPartBytes);
    expect(parts.length).toBeLessThan(25);
    const [first, second] = parts;
    const base = plan.segments.find(({ kind }) => kind === "blob");
    if (first === undefined || base === undefined || second?.kind !== "copied")
      throw new Error("expected a copied part");
    expect(first).toMatchObject({ kind: "filled", sizeBytes: s3Limits.minPartBytes });
    expect(second.source).toEqual({ key: "0.tar", etag: "e", offset: 1000 + second.offset - base.offset });
  });

  it("has no part in the fingerprint", () => {
    const plan = planOf(100 * mebibyte);
    expect(partsOf(plan, s3Limits)).not.toEqual(
      partsOf(plan, { ...s3Limits, preferredPartBytes: 8 * mebibyte }),
    );
    expect(planOf(100 * mebibyte).fingerprint).toBe(plan.fingerprint);
  });
});

function planOf(layerBytes: number): ArchivePlan {
  return planArchive(imageOf([describedLayer("layer", layerBytes)]));
}

/** Every promise about parts that these break. */
function faultsOf(parts: readonly Part[], plan: ArchivePlan, limits: PartLimits): readonly string[] {
  const faults: string[] = [];
  let end = 0;
  parts.forEach((part, index) => {
    const isLast = index === parts.length - 1;
    if (part.number !== index + 1) faults.push(`number ${part.number} at ${index}`);
    if (part.offset !== end) faults.push(`part ${part.number} begins at ${part.offset} instead of ${end}`);
    if (part.sizeBytes < 1 || (!isLast && part.sizeBytes < limits.minPartBytes))
      faults.push(`part ${part.number} is too small`);
    if (part.sizeBytes > limits.maxPartBytes) faults.push(`part ${part.number} is too large`);
    if (part.kind === "filled" && endOfPieces(part) !== part.sizeBytes)
      faults.push(`part ${part.number} is not tiled`);
    end += part.sizeBytes;
  });
  if (end !== plan.sizeBytes) faults.push(`parts end at ${end} instead of ${plan.sizeBytes}`);
  if (parts.length > limits.maxParts) faults.push(`${parts.length} parts`);
  return faults;
}

/** Where the pieces end, or NaN where there is a gap or an overlap between them. */
function endOfPieces(part: Part & { readonly kind: "filled" }): number {
  return part.pieces.reduce((end, piece) => {
    const sizeBytes = piece.kind === "given" ? piece.bytes.length : piece.sizeBytes;
    return piece.at === end && sizeBytes > 0 ? end + sizeBytes : Number.NaN;
  }, 0);
}

/** What the store holds of a part after it was uploaded or copied. */
function bytesOf(part: Part, { blobs, objects, places }: SmallStore): Uint8Array {
  if (part.kind === "copied") {
    const { key, etag, offset } = part.source;
    expect([...places.values()]).toContainEqual(expect.objectContaining({ key, etag }));
    return objects.get(key)?.subarray(offset, offset + part.sizeBytes) ?? new Uint8Array(0);
  }
  const bytes = Buffer.alloc(part.sizeBytes);
  for (const piece of part.pieces) {
    if (piece.kind === "given") bytes.set(piece.bytes, piece.at);
    else {
      const { blobOffset, sizeBytes } = piece;
      bytes.set(blobs.get(piece.blob.digest)?.subarray(blobOffset, blobOffset + sizeBytes) ?? [], piece.at);
    }
  }
  return bytes;
}

/** Sizes of the stretches that are copied, neighbouring parts of one source counted together. */
function copiedRanges(parts: readonly Part[]): readonly number[] {
  const sizes = new Map<string, number>();
  let begin = 0;
  for (const part of parts) {
    if (part.kind === "filled") begin = part.number;
    else {
      const range = `${part.source.key} ${begin}`;
      sizes.set(range, (sizes.get(range) ?? 0) + part.sizeBytes);
    }
  }
  return [...sizes.values()];
}
