import type { BlobPlaces, FilledPart, Part } from "@layaway/archive";
import { leaseBytesAt } from "@layaway/bandwidth";
import { ObjectConflictError, type ObjectStore } from "@layaway/object-store";
import { type Descriptor, type Digest, DigestMismatchError } from "@layaway/oci";
import type { BlobReader } from "@layaway/registry";

import { type BlobHash, type BlobVerifier, createBlobVerifier, ownHash } from "./blob-verifier.ts";
import type { OpenBlob } from "./checkpoint.ts";
import type { HashThread } from "./hash-thread.ts";
import type { ArchiveEvent } from "./progress.ts";
import { type RetryPolicy, retrying } from "./retry.ts";
import { openSavableHash } from "./savable-hash.ts";

/** Where one blob's bytes come from while an archive is made, and the check of what came. */
export interface BlobSource {
  /** `reused`: bytes come from another archive in the store, where they were verified before they became visible. */
  readonly kind: "fetched" | "reused";
  read(into: Uint8Array, offset: number, signal: AbortSignal): Promise<void>;
  /** Takes the bytes in order, after they arrived; throws `DigestMismatchError` with the blob's last ones. */
  verify(bytes: Uint8Array, signal: AbortSignal): Promise<void>;
  /** What of it has passed, while there is more to come. */
  passed(): Promise<OpenBlob | undefined>;
}

interface BlobSources {
  of(blob: Descriptor): BlobSource;
  /** The blob that goes on in the next part, once all bytes of this one have passed. */
  openAtEndOf(part: FilledPart): Promise<OpenBlob | undefined>;
  /** Blobs that were begun and have not shown their digest. */
  unverified(): number;
  /** Ends every open body. */
  close(): void;
}

/**
 * A blob of which the store copies a part is not asked of the registry at all: its edges, which share a part with their
 * neighbours, are read from the place that the rest is copied from. Every other blob is fetched whole and verified.
 */
export function createBlobSources(options: {
  readonly parts: readonly Part[];
  readonly places: BlobPlaces;
  readonly store: ObjectStore;
  readonly openBlob: (blob: Descriptor) => BlobReader;
  readonly where: string;
  readonly retries: RetryPolicy;
  readonly onEvent: (event: ArchiveEvent) => void;
  /** Where much is to be hashed; absent: on the event loop. */
  readonly hashing: HashThread | undefined;
  /** Whether digests shall be such that their state can be saved. */
  readonly savable: boolean;
  /** A blob of which the first bytes stand in the upload already. */
  readonly open: OpenBlob | undefined;
  /** Bytes per second that are allowed now; `undefined` where nothing limits. */
  readonly rate: () => number | undefined;
}): BlobSources {
  const filledBytes = countFilledBytes(options.parts);
  const sources = new Map<Digest, BlobSource>();
  /** Each ends a body and a digest that are not needed any more. */
  const open = new Set<() => void>();

  const fetched = (blob: Descriptor): BlobSource => {
    const reader = options.openBlob(blob);
    const running = options.savable ? undefined : options.hashing?.start();
    const leave = (): void => {
      reader.close();
      running?.drop();
    };
    open.add(leave);
    const onBytes = (sizeBytes: number): void =>
      options.onEvent({ kind: "fetched", blob: blob.digest, sizeBytes });
    const before = options.open?.digest === blob.digest ? options.open : undefined;
    let verifier: BlobVerifier | undefined;
    const prepare = async (signal: AbortSignal): Promise<BlobVerifier> => {
      const saved = await goneOn(before);
      if (saved !== undefined) return createBlobVerifier(blob, options.where, saved, before?.sizeBytes);
      const hash = options.savable ? await openSavableHash() : (running ?? ownHash());
      const fresh = createBlobVerifier(blob, options.where, hash);
      if (before === undefined) return fresh;
      await rehash(reader, fresh, before.sizeBytes, { ...options, onBytes, signal });
      // What was fetched again says nothing of what was uploaded before, unless it is the same.
      const again = await hash.prefix?.();
      if (again !== undefined && again === before.prefix) return fresh;
      throw new DigestMismatchError(
        `blob ${blob.digest} of ${options.where}: what was uploaded of it is not what it begins with now`,
      );
    };
    let preparing: Promise<BlobVerifier> | undefined;
    const prepared = (signal: AbortSignal): Promise<BlobVerifier> => {
      preparing ??= prepare(signal);
      // Whoever verifies meets its failure.
      preparing.catch(() => {});
      return preparing;
    };
    return {
      kind: "fetched",
      async read(into, offset, signal) {
        // What has to be hashed again comes first: a registry that ignores Range serves both from one body.
        if (before !== undefined) await prepared(signal);
        await reader.read(into, offset, { signal, onBytes });
      },
      async verify(bytes, signal) {
        verifier ??= await prepared(signal);
        if (!(await verifier.take(bytes))) return;
        leave();
        open.delete(leave);
        verifier = undefined;
      },
      passed: async () => verifier?.taken(),
    };
  };

  const sourceOf = (blob: Descriptor): BlobSource => {
    const place = options.places.get(blob.digest);
    if (place === undefined || filledBytes.get(blob.digest) === blob.size) return fetched(blob);
    return {
      kind: "reused",
      read: (into, offset, signal) =>
        retrying(
          () => readPlace(options.store, { ...place, offset: place.offset + offset, into, signal }),
          options.retries,
          signal,
        ),
      verify: async () => {},
      passed: async () => undefined,
    };
  };

  return {
    of(blob) {
      const known = sources.get(blob.digest);
      if (known !== undefined) return known;
      const source = sourceOf(blob);
      sources.set(blob.digest, source);
      return source;
    },
    unverified: () => open.size,
    async openAtEndOf(part) {
      const last = part.pieces.at(-1);
      if (last?.kind !== "blob" || last.blobOffset + last.sizeBytes === last.blob.size) return undefined;
      return sources.get(last.blob.digest)?.passed();
    },
    close() {
      for (const leave of open) leave();
    },
  };
}

/** A digest that goes on where its state was saved; `undefined` where there is none, or it is of another build. */
async function goneOn(before: OpenBlob | undefined): Promise<BlobHash | undefined> {
  if (before?.state === undefined) return undefined;
  return openSavableHash(before.state).catch(() => undefined);
}

/** Reads a blob's first bytes again, for the digest alone. */
async function rehash(
  reader: BlobReader,
  verifier: BlobVerifier,
  sizeBytes: number,
  options: {
    readonly rate: () => number | undefined;
    readonly onBytes: (sizeBytes: number) => void;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  if (sizeBytes === 0) return;
  const { rate, onBytes, signal } = options;
  // Shared, as part buffers are: the hashing thread reads it where it stands.
  const scratch = Buffer.from(new SharedArrayBuffer(Math.min(sizeBytes, leaseBytesAt(undefined))));
  for (let at = 0; at < sizeBytes;) {
    const window = scratch.subarray(0, Math.min(scratch.length, leaseBytesAt(rate()), sizeBytes - at));
    await reader.read(window, at, { signal, onBytes });
    await verifier.take(window);
    at += window.length;
  }
}

/** A body of another length would leave a buffer's earlier bytes in the archive: the hint or the object is not what it was. */
async function readPlace(
  store: ObjectStore,
  place: {
    readonly key: string;
    readonly etag: string;
    readonly offset: number;
    readonly into: Uint8Array;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { key, etag, offset, into, signal } = place;
  const range = { offset, length: into.length };
  let at = 0;
  for await (const chunk of await store.get(key, { range, ifMatch: etag, signal })) {
    if (at + chunk.length <= into.length) into.set(chunk, at);
    at += chunk.length;
  }
  if (at === into.length) return;
  throw new ObjectConflictError(
    `${store.url(key)}: ${at} of ${into.length} bytes came from byte ${offset} on`,
  );
}

function countFilledBytes(parts: readonly Part[]): ReadonlyMap<Digest, number> {
  const sizes = new Map<Digest, number>();
  for (const part of parts) {
    if (part.kind === "copied") continue;
    for (const piece of part.pieces) {
      if (piece.kind === "given") continue;
      sizes.set(piece.blob.digest, (sizes.get(piece.blob.digest) ?? 0) + piece.sizeBytes);
    }
  }
  return sizes;
}
