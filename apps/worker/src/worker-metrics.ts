import type { ArchiveEvent } from "@layaway/archiver";
import type { Archive } from "@layaway/ledger";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

export interface WorkerMetrics {
  /** An archive is worked on, until the returned function is called. */
  begin(): () => void;
  /** Counted under the destination: registries are named by callers and would be labels without end. */
  count(destination: string, event: ArchiveEvent): void;
  settled(archive: Archive): void;
  webhookAttempt(outcome: string): void;
}

export function createWorkerMetrics(version: string, registry: Registry = new Registry()): WorkerMetrics {
  const registers = [registry];
  new Gauge({
    name: "layaway_worker_info",
    help: "Always 1; the label tells what runs",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);
  const running = new Gauge({
    name: "layaway_worker_running",
    help: "Archives this process works on",
    registers,
  });
  const fetched = new Counter({
    name: "layaway_worker_fetched_bytes_total",
    help: "Bytes read from registries, repeated ones too",
    labelNames: ["destination"],
    registers,
  });
  const stored = new Counter({
    name: "layaway_worker_stored_bytes_total",
    help: "Bytes that came to stand in the store: uploaded, or reused from what stood there",
    labelNames: ["destination", "from"],
    registers,
  });
  const parts = new Counter({
    name: "layaway_worker_parts_total",
    help: "Parts uploaded",
    labelNames: ["destination"],
    registers,
  });
  const retries = new Counter({
    name: "layaway_worker_retries_total",
    help: "What failed within an attempt and was tried again",
    labelNames: ["what"],
    registers,
  });
  const outcomes = new Counter({
    name: "layaway_worker_archives_total",
    help: "Archives that ended, by state and error code",
    labelNames: ["state", "code"],
    registers,
  });
  const durations = new Histogram({
    name: "layaway_worker_archive_duration_seconds",
    help: "From an archive's first start to its end, waiting in between included",
    labelNames: ["state"],
    buckets: [1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 24 * 3600],
    registers,
  });
  const attempts = new Counter({
    name: "layaway_worker_webhook_attempts_total",
    help: "Attempts to deliver a webhook, by outcome",
    labelNames: ["outcome"],
    registers,
  });
  return {
    begin() {
      running.inc();
      return () => running.dec();
    },
    count(destination, event) {
      switch (event.kind) {
        case "planned":
        case "resumed":
          return;
        case "fetched":
          fetched.inc({ destination }, event.sizeBytes);
          return;
        case "stored": {
          const uploadedBytes = event.sizeBytes - event.reusedBytes;
          stored.inc({ destination, from: "registry" }, uploadedBytes);
          stored.inc({ destination, from: "store" }, event.reusedBytes);
          if (uploadedBytes > 0) parts.inc({ destination });
          return;
        }
        case "retry":
          retries.inc({ what: event.what });
          return;
      }
    },
    settled(archive) {
      outcomes.inc({ state: archive.state, code: archive.error?.code ?? "" });
      if (archive.startedAt === undefined || archive.finishedAt === undefined) return;
      const durationMs = Date.parse(archive.finishedAt) - Date.parse(archive.startedAt);
      durations.observe({ state: archive.state }, durationMs / 1000);
    },
    webhookAttempt: (outcome) => attempts.inc({ outcome }),
  };
}
