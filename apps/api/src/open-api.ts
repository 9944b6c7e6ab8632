import type { Config } from "@layaway/config";
import { bandwidthLimits, bandwidthSchedule, openDestinations } from "@layaway/connect";
import { InvalidRequestError } from "@layaway/errors";
import { openBandwidth, openJobs } from "@layaway/jobs";
import { createLedger, newArchiveId } from "@layaway/ledger";
import type { FastifyBaseLogger, FastifyInstance } from "fastify";
import type { Registry as MetricsRegistry } from "prom-client";

import type { ApiDestination } from "./api-deps.ts";
import { checkBindHost } from "./bind-host.ts";
import { createApi } from "./create-api.ts";
import { createClosing } from "./process/closing.ts";
import { requestPolicy } from "./request-policy.ts";

export interface OpenApiOptions {
  readonly config: Config;
  readonly redisUrl: string;
  /** Deployments that share one Redis differ in it. */
  readonly prefix?: string | undefined;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly publicUrl?: URL | undefined;
  readonly logger: FastifyBaseLogger;
  readonly version: string;
  /** Answered by `/metrics` too: the worker's, where both run in one process. */
  readonly metrics?: MetricsRegistry | undefined;
}

export interface RunningApi {
  /** `http://127.0.0.1:8080`. */
  readonly address: string;
  /** Answers what was asked, then closes all that was opened. */
  close(): Promise<void>;
}

/**
 * Opens what the configuration names and listens. Throws `InvalidRequestError` for what is wrong with configuration or
 * address, `InternalError` where Redis is away; nothing is left open then.
 */
export async function openApi(options: OpenApiOptions): Promise<RunningApi> {
  const { config, redisUrl, prefix, host, port, publicUrl, logger, version, metrics } = options;
  checkBindHost(host, config.tokens);
  const opened = createClosing();
  try {
    const destinations = new Map<string, ApiDestination>();
    for (const [name, store] of await openDestinations(config)) {
      destinations.set(name, { store: opened.add(store), ledger: createLedger(store) });
    }
    const onError = (error: Error): void => logger.warn({ err: error }, "queue");
    const jobs = opened.add(await openJobs({ redisUrl, prefix, onError }));
    const limits = bandwidthLimits(config);
    const fleet = opened.add(await openBandwidth({ redisUrl, prefix, limits, onError }));
    const app = createApi({
      jobs,
      destinations,
      bandwidth: { fleet, schedule: bandwidthSchedule(config), settings: config.bandwidth },
      ...requestPolicy(config),
      tokens: config.tokens,
      publicUrl,
      now: () => new Date(),
      newId: () => newArchiveId(),
      version,
      logger,
      metrics,
    });
    opened.add({ close: async () => app.close() });
    return { address: await listen(app, host, port), close: () => opened.close() };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "cannot be listened on";
    const isOurs = !["EADDRINUSE", "EACCES", "EADDRNOTAVAIL", "ENOTFOUND"].includes(reason);
    if (isOurs) throw cause;
    throw new InvalidRequestError(`the API cannot listen on ${host}:${port}: ${reason}`, { cause });
  }
}
