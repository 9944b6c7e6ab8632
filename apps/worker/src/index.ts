export { startWorker } from "./start-worker.ts";
export type { ArchiveOne, ArchiveTask, WebhookSending, WorkerDeps } from "./worker-deps.ts";
