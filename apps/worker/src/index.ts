export { openWorker, type OpenWorkerOptions } from "./open-worker.ts";
export { startWorker } from "./start-worker.ts";
export type { ArchiveOne, ArchiveTask, WebhookSending, WorkerDeps } from "./worker-deps.ts";
