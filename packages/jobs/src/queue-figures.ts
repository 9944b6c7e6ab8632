import type { Queue } from "bullmq";

import type { QueueFigures } from "./jobs.ts";

/** Counts of a queue, and the age of its oldest job that could run now. */
export async function queueFigures(queue: Queue, oldestWaitingMs?: number): Promise<QueueFigures> {
  const counts = await queue.getJobCounts("waiting", "prioritized", "active", "delayed", "failed");
  return { counts, oldestWaitingMs: oldestWaitingMs ?? (await oldestAgeMs(queue)) };
}

async function oldestAgeMs(queue: Queue): Promise<number> {
  const [oldest] = await queue.getJobs(["waiting"], 0, 0, true);
  return oldest === undefined ? 0 : Math.max(0, Date.now() - oldest.timestamp);
}
