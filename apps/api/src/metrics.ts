import type { FastifyInstance } from "fastify";
import { Gauge, Histogram, Registry } from "prom-client";

import type { ApiDeps } from "./api-deps.ts";

export interface Metrics {
  readonly contentType: string;
  /** In the text format of Prometheus. */
  read(): Promise<string>;
}

/** Collects what the API knows: requests as they are answered, the queue's figures when somebody asks for metrics. */
export function addMetrics(
  app: FastifyInstance,
  deps: Pick<ApiDeps, "jobs" | "version" | "metrics">,
): Metrics {
  const registry = deps.metrics ?? new Registry();
  const registers = [registry];
  new Gauge({
    name: "layaway_build_info",
    help: "Always 1; the labels tell what runs",
    labelNames: ["version", "node"],
    registers,
  }).set({ version: deps.version, node: process.version }, 1);
  const updateQueueGauges = addQueueGauges(deps.jobs, registers);
  const durations = new Histogram({
    name: "layaway_http_request_duration_seconds",
    help: "Time from a request's first byte to its answer's last one",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600],
    registers,
  });
  app.addHook("onResponse", (request, reply, done) => {
    // The route's pattern, never the path: callers must not be able to make up labels.
    const route = request.routeOptions.url ?? "unknown";
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    durations.observe(labels, reply.elapsedTime / 1000);
    done();
  });
  return {
    contentType: registry.contentType,
    async read() {
      await updateQueueGauges();
      return registry.metrics();
    },
  };
}

/** Returns what brings the gauges up to date: they are read together, so they must be set before any is read. */
function addQueueGauges(jobs: ApiDeps["jobs"], registers: Registry[]): () => Promise<void> {
  const up = new Gauge({
    name: "layaway_redis_up",
    help: "Whether Redis answers; while it does not, the queue's figures are missing",
    registers,
  });
  const archives = new Gauge({
    name: "layaway_archives",
    help: "Archives in the catalogue by state",
    labelNames: ["state"],
    registers,
  });
  const queued = new Gauge({
    name: "layaway_queue_jobs",
    help: "Jobs by queue and by their place in it",
    labelNames: ["queue", "place"],
    registers,
  });
  const oldest = new Gauge({
    name: "layaway_queue_oldest_waiting_seconds",
    help: "Age of the job that waits longest",
    labelNames: ["queue"],
    registers,
  });
  return async () => {
    for (const gauge of [archives, queued, oldest]) gauge.reset();
    try {
      const [counts, figures] = await Promise.all([jobs.counts(), jobs.figures()]);
      for (const [state, count] of Object.entries(counts)) archives.set({ state }, count);
      for (const queue of ["archives", "webhooks"] as const) {
        const { counts: places, oldestWaitingMs } = figures[queue];
        for (const [place, count] of Object.entries(places)) queued.set({ queue, place }, count);
        oldest.set({ queue }, oldestWaitingMs / 1000);
      }
      up.set(1);
    } catch {
      // Told by the gauge: what is collected elsewhere must still be readable.
      up.set(0);
    }
  };
}
