import { abandonUpload } from "@layaway/archiver";
import { createClosing } from "@layaway/api/process";
import { checkRegistryAllowed, type Config } from "@layaway/config";
import { bandwidthLimits, openDestinations, openSource, readSecret } from "@layaway/connect";
import { openBandwidth, openJobs, type RunningWorker } from "@layaway/jobs";
import { createLedger, type Ledger } from "@layaway/ledger";
import type { ObjectStore } from "@layaway/object-store";
import { parseWebhookSecret } from "@layaway/webhook";
import type { Registry as MetricsRegistry } from "prom-client";

import { ledgerCheckpoints } from "./ledger-checkpoints.ts";
import { createArchiveRecord } from "./archive-record.ts";
import { startWorker } from "./start-worker.ts";
import { createWebhookOutbound } from "./webhook-outbound.ts";
import type { WorkerDeps } from "./worker-deps.ts";

export interface OpenWorkerOptions {
  readonly config: Config;
  readonly redisUrl: string;
  /** Deployments that share one Redis differ in it. */
  readonly prefix?: string | undefined;
  /** docker's and podman's credential files, in the order in which they are asked. */
  readonly authFiles: readonly string[];
  /** The API's address for users, for links in webhooks. */
  readonly publicUrl?: URL | undefined;
  readonly logger: WorkerDeps["logger"];
  readonly version: string;
  readonly userAgent: string;
  /** Where the worker's metrics are collected. */
  readonly metrics?: MetricsRegistry | undefined;
}

/** How long archives may go on after the worker was told to stop: short ones end, long ones are handed back. */
const graceMs = 5000;

/**
 * Opens what the configuration names and works off the queue. Throws `InvalidRequestError` for what is wrong with the
 * configuration, `InternalError` where Redis is away; nothing is left open then.
 */
export async function openWorker(options: OpenWorkerOptions): Promise<RunningWorker> {
  const { config, redisUrl, prefix, logger, userAgent } = options;
  const opened = createClosing();
  try {
    const secrets = await readWebhookSecrets(config);
    const onError = (error: Error): void => logger.warn({ err: error }, "queue");
    const limits = bandwidthLimits(config);
    const { governor } = opened.add(await openBandwidth({ redisUrl, prefix, limits, onError }));
    const destinations = new Map<string, { readonly store: ObjectStore; readonly ledger: Ledger }>();
    for (const [name, store] of await openDestinations(config, governor)) {
      destinations.set(name, { store: opened.add(store), ledger: createLedger(store) });
    }
    const { authFiles } = options;
    const source = opened.add(
      await openSource({
        config,
        trust: "influenced",
        authFiles,
        userAgent,
        governor,
        onWarning: ({ registry, text }) => logger.warn({ registry, warning: text }, "registry"),
      }),
    );
    const outbound = opened.add(createWebhookOutbound(config.webhooks.allowHosts, userAgent));
    const jobs = opened.add(await openJobs({ redisUrl, prefix, onError }));
    const { concurrency, partSizeBytes, partsInFlight } = config.worker;
    const worker = await startWorker({
      redisUrl,
      prefix,
      concurrency,
      archive: createArchiveRecord({
        source: source.registry,
        checkRegistry: (registry) => checkRegistryAllowed(config, registry),
        destinations,
        rate: (registry) => source.governor.rate(registry),
        partSizeBytes,
        partsInFlight,
        logger,
      }),
      ledgers: new Map([...destinations].map(([name, { ledger }]) => [name, ledger])),
      async abandon(record) {
        const destination = destinations.get(record.destination);
        if (destination === undefined) return;
        const { store, ledger } = destination;
        await abandonUpload({ store, checkpoints: ledgerCheckpoints(ledger, record.id) });
      },
      jobs,
      webhooks: { outbound, secrets },
      publicUrl: options.publicUrl,
      now: () => new Date(),
      random: Math.random,
      logger,
      version: options.version,
      metrics: options.metrics,
    });
    return {
      async close(closeOptions) {
        await worker.close(closeOptions ?? { graceMs });
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function readWebhookSecrets({ webhooks }: Config): Promise<readonly string[]> {
  if (webhooks.secret === undefined) return [];
  const secret = await readSecret(webhooks.secret, "webhooks.secretFile");
  // Told at the start and not when the first archive is done.
  parseWebhookSecret(secret);
  return [secret.trim()];
}
