import type { BlobPlaces, CopiedPart, FilledPart, Part } from "@layaway/archive";
import { leaseBytesAt } from "@layaway/bandwidth";
import { InternalError } from "@layaway/errors";
import type { ObjectStore, Upload, UploadedPart } from "@layaway/object-store";
import type { Descriptor } from "@layaway/oci";
import type { BlobReader } from "@layaway/registry";

import { createBlobSources } from "./blob-sources.ts";
import type { Resumed } from "./checkpoint.ts";
import { createCheckpointer, type SaveCheckpoint } from "./checkpointer.ts";
import { openHashThread } from "./hash-thread.ts";
import { type PartBuffers, takePartBuffers } from "./part-buffers.ts";
import { windowsOf } from "./part-windows.ts";
import type { ArchiveEvent } from "./progress.ts";
import { type RetryPolicy, retrying } from "./retry.ts";
import { createPermits, createSlots } from "./slots.ts";
import { createTaskScope } from "./task-scope.ts";

export interface TransferOptions {
  readonly parts: readonly Part[];
  readonly upload: Upload;
  readonly store: ObjectStore;
  readonly openBlob: (blob: Descriptor) => BlobReader;
  /** Blobs that stand in this store already. */
  readonly places: BlobPlaces;
  /** For messages: the image. */
  readonly where: string;
  readonly partsInFlight: number;
  readonly windowsInFlight: number;
  /** Bytes per second that are allowed now; `undefined` where nothing limits. */
  readonly rate: () => number | undefined;
  readonly retries: RetryPolicy;
  readonly onEvent: (event: ArchiveEvent) => void;
  /** What an earlier attempt left. */
  readonly resumed?: Pick<Resumed, "parts" | "open"> | undefined;
  /** Told whenever parts 1 to `partsDone` stand in the store; the next word waits for this one. Must not throw. */
  readonly onCheckpoint?: SaveCheckpoint | undefined;
  readonly signal: AbortSignal;
}

/**
 * Moves every part into the upload, and returns them in order of their numbers.
 *
 * Windows are asked for in the order of the archive, a few at a time, straight into their places in part buffers; as the
 * run of arrived windows grows, their bytes pass the digests in order.
 *
 * Invariant: a part is handed to the store only after everything up to its end has passed, so no blob's last byte is ever
 * in the store unless the whole blob had its digest. Memory: `partsInFlight + 1` buffers of the largest part's size;
 * a part that fails is sent again from its buffer, without asking the registry.
 *
 * Whoever goes on after a crash goes on behind the last part up to which all parts stand: what was in flight is fetched again.
 */
export async function transferParts(options: TransferOptions): Promise<readonly UploadedPart[]> {
  const { parts, upload, store, onEvent, resumed } = options;
  const scope = createTaskScope(options.signal);
  const hashing = threadPays(parts, options.rate()) ? openHashThread() : undefined;
  const partBuffers = partBuffersFor(parts, options.partsInFlight + 1, hashing !== undefined);
  const buffers = createSlots(partBuffers.buffers);
  const windowPermits = createPermits(options.windowsInFlight);
  const uploadPermits = createPermits(options.partsInFlight);
  const savable = options.onCheckpoint !== undefined && savingPays(options.rate());
  const sources = createBlobSources({ ...options, hashing, savable, open: resumed?.open });
  const uploaded: UploadedPart[] = [...(resumed?.parts ?? [])];
  const checkpoints = createCheckpointer(uploaded, options.onCheckpoint);
  /** Settles when every window that was asked for so far has arrived and passed. */
  let passed: Promise<unknown> = Promise.resolve();

  const fill = async (part: FilledPart): Promise<void> => {
    const buffer = await buffers.take(scope.signal);
    let reusedBytes = 0;
    for (const piece of part.pieces) if (piece.kind === "given") buffer.set(piece.bytes, piece.at);
    for (const window of windowsOf(part, () => leaseBytesAt(options.rate()))) {
      await windowPermits.take(scope.signal);
      const source = sources.of(window.blob);
      const into = buffer.subarray(window.at, window.at + window.sizeBytes);
      if (source.kind === "reused") reusedBytes += window.sizeBytes;
      const arrived = scope.run(async () => {
        await source.read(into, window.blobOffset, scope.signal);
        windowPermits.give(true);
      });
      const before = passed;
      passed = scope.run(async () => {
        await before;
        await arrived;
        await source.verify(into, scope.signal);
      });
    }
    // In the line of digests: what has passed is asked before the next part's bytes do.
    const before = passed;
    const everything = scope.run(async () => {
      await before;
      checkpoints.passed(part.number, await sources.openAtEndOf(part));
    });
    passed = everything;
    void scope.run(async () => {
      await everything;
      const bytes = buffer.subarray(0, part.sizeBytes);
      await send(part, reusedBytes, () =>
        store.uploadPart(upload, part.number, bytes, { signal: scope.signal }),
      );
      buffers.give(buffer);
    });
  };

  const copy = (part: CopiedPart): void => {
    const { key, etag, offset } = part.source;
    const source = { key, etag, range: { offset, length: part.sizeBytes } };
    void scope.run(() =>
      send(part, part.sizeBytes, () => store.copyPart(upload, part.number, source, { signal: scope.signal })),
    );
  };

  const send = async (
    part: Part,
    reusedBytes: number,
    attempt: () => Promise<UploadedPart>,
  ): Promise<void> => {
    await uploadPermits.take(scope.signal);
    const onRetry = (error: Error): void => onEvent({ kind: "retry", what: "store", message: error.message });
    const stored = await retrying(attempt, options.retries, scope.signal, onRetry);
    uploaded.push(stored);
    uploadPermits.give(true);
    void scope.run(() => checkpoints.stored(stored));
    onEvent({ kind: "stored", sizeBytes: part.sizeBytes, reusedBytes });
  };

  try {
    for (const part of parts.slice(uploaded.length)) {
      if (part.kind === "copied") copy(part);
      else await fill(part);
    }
  } catch (error) {
    scope.fail(error);
  }
  try {
    await scope.settle();
    if (sources.unverified() > 0) throw new InternalError("a blob ended without its digest");
  } finally {
    sources.close();
    hashing?.close();
  }
  // Everything that used them has ended well; after a failure something may still hold one.
  partBuffers.giveBack();
  return uploaded.toSorted((a, b) => a.number - b.number);
}

/** Up to here the event loop has time enough for digests that can be saved; above, bytes are cheap and processors dear. */
const savingPaysBytesPerSecond = 100_000_000;

function savingPays(rate: number | undefined): boolean {
  return rate !== undefined && rate <= savingPaysBytesPerSecond;
}

/** About what is hashed while the thread begins: an image must have some times as much. */
const threadPaysBytes = 128 * 1024 * 1024;
/** Telling the thread of smaller pieces costs more than hashing them. */
const piecePaysBytes = 1024 * 1024;

/** Under a limit the event loop has time enough. */
function threadPays(parts: readonly Part[], rate: number | undefined): boolean {
  const filled = parts.filter((part) => part.kind === "filled");
  const filledBytes = filled.reduce((bytes, part) => bytes + part.sizeBytes, 0);
  const isWorthTelling = filledBytes >= filled.length * piecePaysBytes;
  return rate === undefined && isWorthTelling && filledBytes >= threadPaysBytes;
}

function partBuffersFor(parts: readonly Part[], most: number, shared: boolean): PartBuffers {
  const filled = parts.filter((part) => part.kind === "filled");
  const largestBytes = filled.reduce((bytes, part) => Math.max(bytes, part.sizeBytes), 0);
  return takePartBuffers(Math.min(most, filled.length), largestBytes, shared);
}
