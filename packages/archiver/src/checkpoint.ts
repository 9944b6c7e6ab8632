import { createHash } from "node:crypto";

import type { ArchivePlan, Part } from "@layaway/archive";
import { type ObjectStore, type Upload, type UploadedPart, UploadNotFoundError } from "@layaway/object-store";
import type { Digest } from "@layaway/oci";

/** How far an archive has come, so that whoever takes it over goes on there. */
export interface Checkpoint {
  readonly uploadId: string;
  readonly key: string;
  /** Of the plan, and of how it was cut into parts: another plan's upload is never gone on with. */
  readonly fingerprint: string;
  readonly layout: string;
  /** Parts 1 to this one stand in the store, and all their bytes have passed the digests. */
  readonly partsDone: number;
  /** Of their sizes and ETags: a part that somebody else replaced since was never verified. */
  readonly partsDigest: string;
  /** The blob that goes on in the next part. */
  readonly open?: OpenBlob | undefined;
}

/** A blob of which the first bytes were hashed. */
export interface OpenBlob {
  readonly digest: Digest;
  /** How many. */
  readonly sizeBytes: number;
  /** The state of SHA-256 after them, of hash-wasm, in base64; absent: they have to be fetched and hashed again. */
  readonly state?: string | undefined;
  /** SHA-256 of them, in hex: what is hashed again must be what stands in the upload. */
  readonly prefix?: string | undefined;
}

/** Where the checkpoint of one archive is kept. */
export interface Checkpoints {
  load(signal: AbortSignal): Promise<Checkpoint | undefined>;
  save(checkpoint: Checkpoint, signal: AbortSignal): Promise<void>;
  clear(signal: AbortSignal): Promise<void>;
}

/** An upload to go on with. */
export interface Resumed {
  readonly upload: Upload;
  /** What stands of it, from part 1 on without a gap. */
  readonly parts: readonly UploadedPart[];
  readonly open: OpenBlob | undefined;
}

/** Tells two ways of cutting a plan apart. */
export function layoutOf(parts: readonly Part[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const source = part.kind === "copied" ? part.source : undefined;
    hash.update(JSON.stringify([part.number, part.sizeBytes, source?.key, source?.etag, source?.offset]));
  }
  return hash.digest("hex");
}

/** Tells two sets of uploaded parts apart. */
export function digestOfParts(parts: readonly UploadedPart[]): string {
  const hash = createHash("sha256");
  for (const { number, sizeBytes, etag } of parts) hash.update(JSON.stringify([number, sizeBytes, etag]));
  return hash.digest("hex");
}

/** The blob that goes on behind a part follows from the part; its first bytes must be vouched for. */
function isExpected(open: OpenBlob | undefined, last: Part | undefined, next: Part | undefined): boolean {
  const piece = last?.kind === "filled" ? last.pieces.at(-1) : undefined;
  if (piece?.kind !== "blob" || piece.blobOffset + piece.sizeBytes === piece.blob.size)
    return open === undefined;
  // The edge of a blob that the store copies is not verified, and has no digest under way.
  if (open === undefined) return next?.kind === "copied";
  const isSame = open.digest === piece.blob.digest && open.sizeBytes === piece.blobOffset + piece.sizeBytes;
  return isSame && (open.state !== undefined || open.prefix !== undefined);
}

/**
 * The upload that an earlier attempt left, where it is one of the same plan, cut the same way, and the store still has every part
 * that the checkpoint names: the store's list is the truth. `undefined`: nothing to go on with.
 */
export async function findResumable(options: {
  readonly checkpoint: Checkpoint | undefined;
  readonly store: ObjectStore;
  readonly plan: ArchivePlan;
  readonly key: string;
  readonly parts: readonly Part[];
  readonly signal: AbortSignal;
}): Promise<Resumed | undefined> {
  const { checkpoint, store, plan, key, parts, signal } = options;
  if (checkpoint === undefined || checkpoint.key !== key) return undefined;
  if (checkpoint.fingerprint !== plan.fingerprint || checkpoint.layout !== layoutOf(parts)) return undefined;
  const upload: Upload = { key, uploadId: checkpoint.uploadId };
  try {
    const standing = new Map((await store.listParts(upload, { signal })).map((part) => [part.number, part]));
    const done = parts.slice(0, checkpoint.partsDone).flatMap((part) => {
      const found = standing.get(part.number);
      return found !== undefined && found.sizeBytes === part.sizeBytes ? [found] : [];
    });
    const isWhole = done.length === checkpoint.partsDone && digestOfParts(done) === checkpoint.partsDigest;
    const isKnown = isExpected(checkpoint.open, parts[checkpoint.partsDone - 1], parts[checkpoint.partsDone]);
    return isWhole && isKnown ? { upload, parts: done, open: checkpoint.open } : undefined;
  } catch (error) {
    if (error instanceof UploadNotFoundError) return undefined;
    throw error;
  }
}
