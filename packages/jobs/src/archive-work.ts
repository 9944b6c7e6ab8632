import type { Archive, ArchiveBytes, ReceiptLayer, RequestRecord } from "@layaway/ledger";

/** How far an archive is. */
export interface ArchiveProgress {
  readonly digest?: string;
  readonly key?: string;
  readonly size?: number;
  readonly bytes?: ArchiveBytes;
  /** Bytes per second, lately; 0 where nothing moves. */
  readonly rate?: number;
  /** At that rate. A rate without it says that it is not known. */
  readonly etaMs?: number;
}

/** What the worker gives to `process`. */
export interface ArchiveWork {
  readonly record: RequestRecord;
  /** 1 for the first attempt. Waiting after a 429 and a worker's shutdown use up none. */
  readonly attempt: number;
  /** Bytes that earlier attempts fetched: what is reported goes on from there. */
  readonly fetchedBefore: number;
  /** Aborts when the lock may be lost and when the worker has to stop at once. */
  readonly signal: AbortSignal;
  /** Shows progress in the catalogue; cheap to call often, at most one write a second follows. */
  readonly report: (progress: ArchiveProgress) => void;
}

/** What a completed archive is: its fields of the catalogue, and what only its receipt holds. */
export interface ArchiveOutcome extends Partial<
  Pick<Archive, "digest" | "platform" | "key" | "size" | "bytes">
> {
  readonly etag?: string;
  readonly layers?: readonly ReceiptLayer[];
}

/** What of an outcome only the receipt holds. */
export type ReceiptDetails = Pick<ArchiveOutcome, "etag" | "layers">;

/** Moves one image. Throws `LayawayError`s; their `retryable`, `code` and `retryAfterMs` decide what becomes of the job. */
export type ProcessArchive = (work: ArchiveWork) => Promise<ArchiveOutcome>;

/**
 * Writes the receipt and queues the webhook of an archive that ended, before the catalogue and the queue know of the end.
 * After a crash it is called again with the very same arguments, so it must be repeatable. While it throws, it is called
 * again later: without end for errors that are `retryable`, five times for others.
 */
export type SettleArchive = (
  archive: Archive,
  record: RequestRecord,
  details: ReceiptDetails,
) => Promise<void>;
