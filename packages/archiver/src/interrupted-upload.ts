import type { ArchivePlan, Part } from "@layaway/archive";
import { CancelledError } from "@layaway/errors";
import type { ObjectStore, Upload } from "@layaway/object-store";

import { archiveMetadata } from "./archive-identity.ts";
import { type Checkpoint, type Checkpoints, findResumable, layoutOf, type Resumed } from "./checkpoint.ts";
import type { SaveCheckpoint } from "./checkpointer.ts";
import { type RetryPolicy, retrying, storeRetries } from "./retry.ts";

interface Keeping {
  readonly store: ObjectStore;
  readonly checkpoints?: Checkpoints | undefined;
  readonly retries?: RetryPolicy | undefined;
  readonly signal: AbortSignal;
}

/** Cleaning up is done even where the work was cancelled: by then its signal is of no use. */
const cleaningTimeoutMs = 30_000;
/** A checkpoint that takes longer is superseded by then. */
const savingTimeoutMs = 30_000;

/** What an earlier attempt left of this very upload; what it left of another one is ended. */
export async function resume(
  options: Keeping,
  work: {
    readonly plan: ArchivePlan;
    readonly key: string;
    readonly parts: readonly Part[];
    readonly retries: RetryPolicy;
  },
): Promise<Resumed | undefined> {
  const { store, checkpoints, signal } = options;
  if (checkpoints === undefined) return undefined;
  // One that cannot be read only costs what it would have saved; its upload is for the bucket's lifecycle rule.
  const checkpoint = await loaded(checkpoints, work.retries, signal);
  if (signal.aborted) throw new CancelledError("cancelled", { cause: signal.reason });
  const found = await retrying(
    () => findResumable({ ...work, checkpoint, store, signal }),
    work.retries,
    signal,
  );
  if (found === undefined && checkpoint !== undefined) await abortUpload(store, checkpoint, work.retries);
  return found;
}

/** Begins an upload. */
export function begin(
  { store, signal }: Keeping,
  work: { readonly plan: ArchivePlan; readonly key: string; readonly retries: RetryPolicy },
): Promise<Upload> {
  const metadata = archiveMetadata(work.plan);
  return retrying(
    () => store.createUpload(work.key, { contentType: "application/x-tar", metadata, signal }),
    work.retries,
    signal,
  );
}

/** Writes down how far the upload is. A word that cannot be written costs what it would have saved, and nothing else. */
export function checkpointSaver(
  { checkpoints, signal }: Keeping,
  work: { readonly upload: Upload; readonly plan: ArchivePlan; readonly parts: readonly Part[] },
): { readonly save: SaveCheckpoint; readonly isSaved: () => boolean } | undefined {
  if (checkpoints === undefined) return undefined;
  const { upload, plan, parts } = work;
  const about = { ...upload, fingerprint: plan.fingerprint, layout: layoutOf(parts) };
  let isSaved = false;
  return {
    async save({ open, ...progress }) {
      // A word that comes after the work was stopped could be taken for a successor's.
      if (signal.aborted) return;
      const limited = AbortSignal.any([signal, AbortSignal.timeout(savingTimeoutMs)]);
      try {
        await checkpoints.save({ ...about, ...progress, ...(open === undefined ? {} : { open }) }, limited);
        isSaved = true;
      } catch {
        // The next one may be written.
      }
    },
    isSaved: () => isSaved,
  };
}

/** Ends the upload that a checkpoint names, where nobody will go on with it. What fails is for the bucket's lifecycle rule. */
export async function abandonUpload(options: Omit<Keeping, "signal">): Promise<void> {
  const { store, checkpoints, retries = storeRetries } = options;
  if (checkpoints === undefined) return;
  const checkpoint = await loaded(checkpoints, retries, AbortSignal.timeout(cleaningTimeoutMs));
  if (checkpoint === undefined) return;
  await abortUpload(store, checkpoint, retries);
  await forget(options, checkpoint);
}

/** Takes the checkpoint of this upload away; one that names another upload is a successor's. */
export async function forget(
  { checkpoints, retries = storeRetries }: Pick<Keeping, "checkpoints" | "retries">,
  { uploadId }: Pick<Upload, "uploadId">,
): Promise<void> {
  if (checkpoints === undefined) return;
  const signal = AbortSignal.timeout(cleaningTimeoutMs);
  const known = await loaded(checkpoints, retries, signal);
  if (known?.uploadId === uploadId) await checkpoints.clear(signal).catch(() => {});
}

/** A store that is away for a moment is asked again; what cannot be read counts as none. */
function loaded(
  checkpoints: Checkpoints,
  retries: RetryPolicy,
  signal: AbortSignal,
): Promise<Checkpoint | undefined> {
  return retrying(() => checkpoints.load(signal), retries, signal).catch(() => undefined);
}

/** What cannot be aborted stays open until the bucket's lifecycle rule ends it. */
export async function abortUpload(
  store: ObjectStore,
  { key, uploadId }: Upload,
  retries: RetryPolicy,
): Promise<void> {
  const signal = AbortSignal.timeout(cleaningTimeoutMs);
  await retrying(() => store.abortUpload({ key, uploadId }, { signal }), retries, signal).catch(() => {});
}
