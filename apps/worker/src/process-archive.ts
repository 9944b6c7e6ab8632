import { type ArchiveProgress, createProgressTally } from "@layaway/archiver";
import type { ProcessArchive } from "@layaway/jobs";
import { formatPlatform } from "@layaway/oci";

import type { WorkerDeps } from "./worker-deps.ts";
import type { WorkerMetrics } from "./worker-metrics.ts";

/** Events come with every piece of a body; adding them up for others this often is enough. */
const reportEveryMs = 500;
/** While nothing comes (a paused budget, a slow store) the rate falls, and that is told too. */
const quietReportEveryMs = 2000;

/** Moves one image and tells how far it is. `now` is monotonic, in milliseconds: rates know nothing of a clock that is set. */
export function processArchive(
  deps: Pick<WorkerDeps, "archive" | "logger">,
  metrics: WorkerMetrics,
  now: () => number = () => performance.now(),
): ProcessArchive {
  return async ({ record, attempt, fetchedBefore, signal, report }) => {
    const about = { archive: record.id, image: record.image, destination: record.destination, attempt };
    deps.logger.info(about, "archiving");
    const end = metrics.begin();
    const tally = createProgressTally(now);
    let reportedAt = Number.NEGATIVE_INFINITY;
    const read = (): ArchiveProgress => {
      const progress = tally.read();
      return {
        ...progress,
        bytes: { ...progress.bytes, fetched: progress.bytes.fetched + fetchedBefore },
      };
    };
    const reportNow = (): void => {
      const progress = read();
      report({ ...progress, size: progress.bytes.total });
    };
    const quiet = setInterval(reportNow, quietReportEveryMs);
    try {
      const result = await deps.archive({
        record,
        signal,
        onEvent(event) {
          tally.take(event);
          metrics.count(record.destination, event);
          if (event.kind === "retry")
            deps.logger.warn({ ...about, what: event.what, reason: event.message }, "retrying");
          const at = now();
          if (event.kind !== "planned" && at - reportedAt < reportEveryMs) return;
          reportedAt = at;
          reportNow();
        },
      });
      const { digest, key, sizeBytes: size, etag, layers } = result;
      const platform = record.platform === "all" ? "all" : formatPlatform(result.platform);
      return { digest, platform, key, size, etag, layers, bytes: read().bytes };
    } catch (error) {
      deps.logger.warn({ ...about, err: error }, "attempt failed");
      reportNow();
      throw error;
    } finally {
      clearInterval(quiet);
      end();
    }
  };
}
