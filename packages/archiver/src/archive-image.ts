import {
  archiveKey,
  checkArchiveKey,
  type ArchivePlan,
  type BlobPlace,
  type BlobPlaces,
  partsOf,
  planArchive,
  TooLargeError,
} from "@layaway/archive";
import {
  type Descriptor,
  type Digest,
  DigestMismatchError,
  formatReference,
  type Platform,
  type Reference,
  type ResolvedImage,
} from "@layaway/oci";
import { CancelledError, LayawayError } from "@layaway/errors";
import {
  ObjectConflictError,
  ObjectNotFoundError,
  type ObjectStore,
  UploadNotFoundError,
} from "@layaway/object-store";

import { RangeIgnoredError } from "@layaway/registry";

import { isArchiveOf } from "./archive-identity.ts";
import { placesOf } from "./blob-places.ts";
import { type Checkpoints, digestOfParts } from "./checkpoint.ts";
import { abandonUpload, abortUpload, begin, checkpointSaver, forget, resume } from "./interrupted-upload.ts";
import { commitUpload, conflictAt } from "./commit-upload.ts";
import type { ImageSource } from "./image-source.ts";
import type { ArchiveEvent } from "./progress.ts";
import { type RetryPolicy, retrying, storeRetries } from "./retry.ts";
import { transferParts } from "./transfer-parts.ts";

export interface ArchiveOptions {
  readonly reference: Reference;
  /** `linux/amd64` unless given; `all` keeps the index and every image below it. */
  readonly platform?: Platform | "all" | undefined;
  /** The name after `docker load`, where it shall be another one. */
  readonly name?: Reference | undefined;
  /** The object's key below the destination's prefix; follows from the name, or else the reference, and the digest unless given. */
  readonly key?: string | undefined;
  readonly source: ImageSource;
  readonly store: ObjectStore;
  /** Where a blob stands in this store already; a hint, its ETag is checked before a copy. */
  readonly findBlob?: ((digest: Digest, signal: AbortSignal) => Promise<BlobPlace | undefined>) | undefined;
  /** Replaces another object that stands under the key. */
  readonly overwrite?: boolean | undefined;
  /** What the caller can do where another object stands under the key: the end of that error's message. */
  readonly conflictAdvice?: string | undefined;
  readonly partSizeBytes?: number | undefined;
  readonly partsInFlight?: number | undefined;
  /** Twice as many as parts unless given. */
  readonly windowsInFlight?: number | undefined;
  /** Bytes per second that are allowed now, for the size of windows; `undefined` where nothing limits. */
  readonly rate?: (() => number | undefined) | undefined;
  readonly retries?: RetryPolicy | undefined;
  /**
   * Where this archive's checkpoint is kept. With it an upload that was interrupted (cancelled, or ended by an error that
   * may pass) stays open, and the next call goes on with it; `abandonUpload` ends one that nobody comes back for.
   */
  readonly checkpoints?: Checkpoints | undefined;
  readonly onEvent?: ((event: ArchiveEvent) => void) | undefined;
  readonly signal: AbortSignal;
}

export interface ArchivedLayer {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly size: number;
  /** Place of its first byte in the archive. */
  readonly offset: number;
}

export interface ArchiveResult {
  readonly outcome: "archived" | "already-there";
  readonly key: string;
  readonly url: string;
  readonly digest: Digest;
  readonly sizeBytes: number;
  readonly etag: string;
  readonly platform: Platform;
  readonly layers: readonly ArchivedLayer[];
}

const defaultPartSizeBytes = 16 * 1024 * 1024;
const defaultPartsInFlight = 4;
/** As many windows as a part of the usual size has: a source far away is as fast as what is under way at a time. */
const windowsPerPartInFlight = 2;
/** Corrupt bytes, an upload that somebody aborted, a copy source that changed: worth one more try from the start, no more. */
const attempts = 2;

/**
 * Archives an image: resolves the reference once, plans every byte, and moves what is not there yet into one object.
 * The object is visible only when all of it was verified; whatever fails, no upload is left open but one that a checkpoint
 * names.
 *
 * Throws only `LayawayError`s: of the source, of the destination, `ObjectConflictError` where another object stands under
 * the key, `CancelledError` when `signal` aborts.
 */
export async function archiveImage(options: ArchiveOptions): Promise<ArchiveResult> {
  const { store, signal, onEvent = () => {} } = options;
  const image = await options.source.resolve(options.reference, { platform: options.platform, signal });
  const plan = planArchive(image, options.name === undefined ? {} : { name: options.name });
  const key =
    options.key === undefined ? archiveKey(named(image, options.name)) : checkArchiveKey(options.key);
  const layers = layersOf(plan);
  checkSize(plan, store);
  onEvent({
    kind: "planned",
    digest: plan.digest,
    key,
    sizeBytes: plan.sizeBytes,
    layers: layers.map((layer) => ({ digest: layer.digest, sizeBytes: layer.size })),
  });

  const result = {
    key,
    url: store.url(key),
    digest: plan.digest,
    sizeBytes: plan.sizeBytes,
    platform: image.primary.platform,
    layers,
  };
  const retries = options.retries ?? storeRetries;

  for (let attempt = 1; ; attempt += 1) {
    // Asked before each attempt: an upload that is gone may have been completed by another worker on the same job.
    const standing = await retrying(() => store.head(key, { signal }), retries, signal);
    if (standing !== undefined && isArchiveOf(standing, plan)) {
      await abandonUpload(options);
      onEvent({ kind: "stored", sizeBytes: plan.sizeBytes, reusedBytes: plan.sizeBytes });
      return { ...result, outcome: "already-there", etag: standing.etag };
    }
    if (standing !== undefined && options.overwrite !== true)
      throw conflictAt(store, key, standing, options.conflictAdvice);
    const places =
      attempt === 1
        ? await placesOf({
            blobs: plan.segments.flatMap((segment) => (segment.kind === "blob" ? [segment.blob] : [])),
            store,
            findBlob: options.findBlob,
            signal,
          })
        : new Map<Digest, BlobPlace>();
    try {
      const { etag } = await uploadArchive(options, { image, plan, key, places, retries, onEvent });
      return { ...result, outcome: "archived", etag };
    } catch (error) {
      if (attempt >= attempts || !isWorthRestart(error, places)) throw error;
      onEvent({ kind: "retry", what: "restart", message: error.message });
    }
  }
}

async function uploadArchive(
  options: ArchiveOptions,
  work: {
    readonly image: ResolvedImage;
    readonly plan: ArchivePlan;
    readonly key: string;
    readonly places: BlobPlaces;
    readonly retries: RetryPolicy;
    readonly onEvent: (event: ArchiveEvent) => void;
  },
): Promise<{ readonly etag: string }> {
  const { store, source, signal, overwrite = false } = options;
  const { plan, places, retries, onEvent } = work;
  const partsInFlight = options.partsInFlight ?? defaultPartsInFlight;
  const limits = { ...store.limits, preferredPartBytes: options.partSizeBytes ?? defaultPartSizeBytes };
  const parts = partsOf(plan, limits, places);
  const { key } = work;
  const resumed = await resume(options, { plan, key, parts, retries });
  const upload = resumed?.upload ?? (await begin(options, { plan, key, retries }));
  const checkpoint = checkpointSaver(options, { upload, plan, parts });
  if (resumed === undefined)
    await checkpoint?.save({ partsDone: 0, partsDigest: digestOfParts([]), open: undefined });
  else onEvent({ kind: "resumed", sizeBytes: sum(resumed.parts) });
  try {
    const uploaded = await transferParts({
      parts,
      upload,
      store,
      openBlob: (blob: Descriptor) => source.openBlob(work.image.reference, blob),
      places,
      where: formatReference(work.image.reference),
      partsInFlight,
      windowsInFlight: options.windowsInFlight ?? partsInFlight * windowsPerPartInFlight,
      rate: options.rate ?? (() => undefined),
      retries,
      onEvent,
      resumed,
      onCheckpoint: checkpoint?.save,
      signal,
    });
    const committed = await commitUpload({
      store,
      upload,
      plan,
      parts: uploaded,
      partCount: parts.length,
      overwrite,
      conflictAdvice: options.conflictAdvice,
      retries,
      signal,
    });
    await forget(options, upload);
    return committed;
  } catch (error) {
    const isKept = resumed !== undefined || checkpoint?.isSaved() === true;
    if (!isKept || !isWorthResuming(error)) {
      await abortUpload(store, upload, retries);
      await forget(options, upload);
    }
    throw error;
  }
}

/** The name stands in the archive's bytes: one image under two names is two objects, and they need two keys. */
function named(image: ResolvedImage, name: Reference | undefined): ResolvedImage {
  return name === undefined ? image : { ...image, reference: name };
}

function checkSize(plan: ArchivePlan, store: ObjectStore): void {
  if (plan.sizeBytes <= store.limits.maxObjectBytes) return;
  throw new TooLargeError(
    `the archive would have ${plan.sizeBytes} bytes; the store takes objects of at most ${store.limits.maxObjectBytes}`,
  );
}

function layersOf(plan: ArchivePlan): readonly ArchivedLayer[] {
  return plan.segments
    .filter((segment) => segment.kind === "blob")
    .map(({ blob, offset }) => ({ digest: blob.digest, mediaType: blob.mediaType, size: blob.size, offset }));
}

function isWorthRestart(error: unknown, places: BlobPlaces): error is Error {
  if (error instanceof DigestMismatchError || error instanceof UploadNotFoundError) return true;
  const copySourceIsGone = error instanceof ObjectConflictError || error instanceof ObjectNotFoundError;
  return copySourceIsGone && places.size > 0;
}

/** An error that may pass, and an attempt that was stopped: somebody will come back for it. */
function isWorthResuming(error: unknown): boolean {
  if (error instanceof DigestMismatchError || error instanceof UploadNotFoundError) return false;
  // Without Range, going on in the middle means to throw away all before it: begun anew it may come through.
  if (error instanceof RangeIgnoredError) return false;
  return error instanceof CancelledError || (error instanceof LayawayError && error.retryable);
}

function sum(parts: readonly { readonly sizeBytes: number }[]): number {
  return parts.reduce((bytes, part) => bytes + part.sizeBytes, 0);
}
