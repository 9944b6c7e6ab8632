export { metricsSettings, type MetricsSettings } from "./config.ts";
export { openWorker, type OpenWorkerOptions } from "./open-worker.ts";
export { serveMetrics } from "./serve-metrics.ts";
export { startWorker } from "./start-worker.ts";
export type { ArchiveOne, ArchiveTask, WebhookSending, WorkerDeps } from "./worker-deps.ts";
