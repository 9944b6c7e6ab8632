import type { Jobs } from "@layaway/jobs";

/** What the API needs of the queue and its catalogue. */
export type ArchiveJobs = Pick<
  Jobs,
  "claim" | "release" | "enqueue" | "get" | "list" | "counts" | "figures" | "ping"
>;
