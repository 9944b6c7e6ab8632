import type { ArchivePlan, Part } from "@layaway/archive";
import { CancelledError } from "@layaway/errors";
import type { ObjectStore, Upload } from "@layaway/object-store";

import { archiveMetadata } from "./archive-identity.ts";
import { type Checkpoints, findResumable, layoutOf, type OpenBlob, type Resumed } from "./checkpoint.ts";
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
  // One that cannot be read only costs what it would have saved; its upload is found by its age.
  const checkpoint = await checkpoints.load(signal).catch(() => undefined);
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
  { checkpoints }: Keeping,
  work: { readonly upload: Upload; readonly plan: ArchivePlan; readonly parts: readonly Part[] },
): ((partsDone: number, open: OpenBlob | undefined) => Promise<void>) | undefined {
  if (checkpoints === undefined) return undefined;
  const { upload, plan, parts } = work;
  const about = { ...upload, fingerprint: plan.fingerprint, layout: layoutOf(parts) };
  return (partsDone, open) =>
    checkpoints
      .save(
        { ...about, partsDone, ...(open === undefined ? {} : { open }) },
        AbortSignal.timeout(savingTimeoutMs),
      )
      .catch(() => {});
}

/** Ends the upload that a checkpoint names, where nobody will go on with it. Failures are left to a later look by age. */
export async function abandonUpload(options: Omit<Keeping, "signal">): Promise<void> {
  const { store, checkpoints, retries = storeRetries } = options;
  if (checkpoints === undefined) return;
  const checkpoint = await checkpoints.load(AbortSignal.timeout(cleaningTimeoutMs)).catch(() => undefined);
  if (checkpoint === undefined) return;
  await abortUpload(store, checkpoint, retries);
  await forget(options);
}

/** Takes the checkpoint away. */
export async function forget({ checkpoints }: Pick<Keeping, "checkpoints">): Promise<void> {
  await checkpoints?.clear(AbortSignal.timeout(cleaningTimeoutMs)).catch(() => {});
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
