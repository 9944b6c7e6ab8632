import type { ArchiveEvent, ArchiveResult } from "@layaway/archiver";
import type { Jobs } from "@layaway/jobs";
import type { Ledger, RequestRecord } from "@layaway/ledger";
import type { Outbound } from "@layaway/outbound";
import type { Logger } from "pino";
import type { Registry as MetricsRegistry } from "prom-client";

/** What it takes to move one image, less the moving itself, which knows registries, stores and bandwidth. */
export interface ArchiveTask {
  readonly record: RequestRecord;
  readonly signal: AbortSignal;
  readonly onEvent: (event: ArchiveEvent) => void;
}

/** Throws `LayawayError`s; they decide whether the job is tried again. */
export type ArchiveOne = (
  task: ArchiveTask,
) => Promise<Pick<ArchiveResult, "digest" | "platform" | "key" | "sizeBytes" | "etag" | "layers">>;

export interface WebhookSending {
  /** Guarded: callbacks are named by callers. */
  readonly outbound: Outbound;
  /** `whsec_...`; two of them while one replaces the other. None: no webhook is sent by this process. */
  readonly secrets: readonly string[];
}

export interface WorkerDeps {
  readonly redisUrl: string;
  readonly prefix?: string | undefined;
  /** Archives at the same time in this process. */
  readonly concurrency: number;
  readonly archive: ArchiveOne;
  /** Where receipts go, by the destination's name. */
  readonly ledgers: ReadonlyMap<string, Pick<Ledger, "writeReceipt">>;
  /** Ends what an archive that will not be completed left in its destination. Must not throw. */
  readonly abandon: (record: RequestRecord) => Promise<void>;
  readonly jobs: Pick<Jobs, "enqueueWebhook">;
  readonly webhooks: WebhookSending;
  /** The address of the API that links in webhooks begin with; absent: links are relative. */
  readonly publicUrl?: URL | undefined;
  readonly now: () => Date;
  readonly random: () => number;
  readonly version: string;
  readonly logger: Pick<Logger, "info" | "warn" | "error">;
  /** Where metrics are collected; the API's of the same process may be the same one. */
  readonly metrics?: MetricsRegistry | undefined;
}
