export type { ArchiveTiming } from "./archive-job-options.ts";
export type {
  ArchiveOutcome,
  ArchiveProgress,
  ArchiveWork,
  ProcessArchive,
  ReceiptDetails,
  SettleArchive,
} from "./archive-work.ts";
export { startArchiveWorker, type ArchiveWorkerOptions } from "./archive-worker.ts";
export type { Bandwidth, BandwidthOverride } from "./bandwidth.ts";
export { startEmbeddedRedis, type EmbeddedRedis, type EmbeddedRedisOptions } from "./embedded-redis.ts";
export {
  type ArchivePage,
  type Claim,
  type ClaimAnswer,
  enqueueWebhook,
  type Jobs,
  type JobsFigures,
  type ListQuery,
  type QueueFigures,
  type WebhookDelivery,
} from "./jobs.ts";
export { openBandwidth, type BandwidthOptions } from "./open-bandwidth.ts";
export { openJobs, type JobsOptions } from "./open-jobs.ts";
export type { LockTiming, RunningWorker } from "./queue-worker.ts";
export {
  startWebhookWorker,
  type DeliveryResult,
  type WebhookWork,
  type WebhookWorkerOptions,
} from "./webhook-worker.ts";
