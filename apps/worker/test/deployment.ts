import { createSchedule } from "@layaway/bandwidth";
import { createApi } from "@layaway/api";
import { createLogger } from "@layaway/api/process";
import { openBandwidth, openJobs } from "@layaway/jobs";
import { createLedger, type Ledger, newArchiveId } from "@layaway/ledger";
import type { ObjectStore } from "@layaway/object-store";
import { createMemoryStore } from "@layaway/object-store/memory";
import { createOutbound } from "@layaway/outbound";
import { Registry } from "prom-client";

import { type ArchiveOne, startWorker } from "../src/index.ts";

/** 32 bytes. */
export const secret = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;

export interface Deployment {
  readonly app: ReturnType<typeof createApi>;
  readonly ledger: Ledger;
  readonly store: ObjectStore;
  readonly log: () => string;
  close(): Promise<void>;
}

export interface DeploymentOptions {
  readonly redisUrl: string;
  /** Of its own for each test. */
  readonly prefix: string;
  readonly archive: ArchiveOne;
  readonly store?: ObjectStore;
  readonly tokens?: readonly string[];
}

/** API and worker over a real queue and a store in memory; only the moving of bytes is the test's. */
export async function deploy(options: DeploymentOptions): Promise<Deployment> {
  const { redisUrl, prefix, archive, store = createMemoryStore(), tokens = [] } = options;
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ level: "info", part: "test", destination });
  const jobs = await openJobs({ redisUrl, prefix, onError: (error) => logger.warn({ err: error }) });
  const ledger = createLedger(store);
  const outbound = createOutbound({ egressFor: () => "operator", plainHttpFor: () => true });
  const metrics = new Registry();
  const now = (): Date => new Date();
  const worker = await startWorker({
    redisUrl,
    prefix,
    concurrency: 2,
    archive,
    ledgers: new Map([["models", ledger]]),
    abandon: async () => {},
    jobs,
    webhooks: { outbound, secrets: [secret] },
    now,
    random: () => 0,
    version: "0.0.0",
    logger,
    metrics,
  });
  const onError = (error: Error): void => logger.warn({ err: error });
  const fleet = await openBandwidth({ redisUrl, prefix, limits: { rateAt: () => undefined }, onError });
  const app = createApi({
    jobs,
    bandwidth: { fleet, schedule: createSchedule({}), settings: { calendar: [], perRegistry: {} } },
    destinations: new Map([["models", { store, ledger }]]),
    defaultDestination: "models",
    checkRegistry: () => {},
    checkCallbackUrl: (url) => new URL(url),
    tokens,
    now,
    newId: () => newArchiveId(),
    version: "0.0.0",
    logger,
    metrics,
  });
  return {
    app,
    ledger,
    store,
    log: () => lines.join(""),
    async close() {
      await app.close();
      await worker.close();
      await outbound.close();
      await fleet.close();
      await jobs.close();
    },
  };
}
