import { homedir } from "node:os";

import { openApi } from "@layaway/api";
import { createLogger, serviceSettings, type ServiceSettings } from "@layaway/api/process";
import type { Config } from "@layaway/config";
import { authFiles } from "@layaway/connect";
import { InvalidRequestError } from "@layaway/errors";
import { startEmbeddedRedis } from "@layaway/jobs";
import { metricsSettings, openWorker, serveMetrics } from "@layaway/worker";
import { collectDefaultMetrics, Registry } from "prom-client";

import { closing } from "../closing.ts";
import { dataDirOf } from "../data-dir.ts";
import { readConfig } from "../read-config.ts";
import type { Terminal } from "../terminal.ts";
import { userAgent, version } from "../version.ts";

export interface ListenFlags {
  readonly config?: string;
  readonly host: string;
  readonly port: string;
}

/** What runs until the process is told to stop. */
interface Service {
  readonly config: Config;
  readonly redisUrl: string;
  readonly settings: ServiceSettings;
  readonly logger: ReturnType<typeof createLogger>;
  /** Of the API and of the worker, where both run in one process. */
  readonly metrics: Registry;
  readonly terminal: Terminal;
}

/** `layaway serve`: API and worker in one process, with a queue of its own where no `REDIS_URL` is given. */
export async function serve(flags: ListenFlags, terminal: Terminal): Promise<void> {
  const config = await readConfig(flags.config, terminal);
  const start = serviceOf({ config, part: "serve" }, terminal);
  const both = (redisUrl: string, lost?: Promise<Error>): Promise<void> => {
    const service = { ...start, redisUrl };
    return withWorker(service, () => withApi(flags, service, () => untilStopped(service, lost)));
  };
  if (config.redisUrl !== undefined) return both(config.redisUrl);
  const dataDir = config.dataDir ?? dataDirOf(terminal.env);
  const onError = (error: Error): void => start.logger.warn({ err: error, dataDir }, "embedded redis");
  return closing(await startEmbeddedRedis({ dataDir, onError }), (redis) => both(redis.url, redis.lost));
}

/** `layaway api`: the API of a fleet. */
export async function api(flags: ListenFlags, terminal: Terminal): Promise<void> {
  const config = await readConfig(flags.config, terminal);
  const service = { ...serviceOf({ config, part: "api" }, terminal), redisUrl: neededRedis(config) };
  await withApi(flags, service, () => untilStopped(service));
}

/** `layaway worker`: one worker of a fleet. */
export async function worker(flags: Pick<ListenFlags, "config">, terminal: Terminal): Promise<void> {
  const config = await readConfig(flags.config, terminal);
  const service = { ...serviceOf({ config, part: "worker" }, terminal), redisUrl: neededRedis(config) };
  const served = metricsSettings(terminal.env);
  const work = (): Promise<void> => withWorker(service, () => untilStopped(service));
  if (served === undefined) return work();
  await closing(await serveMetrics({ metrics: service.metrics, ...served }), work);
}

function serviceOf(
  what: { readonly config: Config; readonly part: string },
  terminal: Terminal,
): Omit<Service, "redisUrl"> {
  const settings = serviceSettings(terminal.env);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const destination = { write: (line: string) => void terminal.stdout.write(line) };
  const logger = createLogger({ level: settings.logLevel, part: what.part, destination });
  return { config: what.config, settings, logger, metrics, terminal };
}

async function withApi(flags: ListenFlags, service: Service, use: () => Promise<void>): Promise<void> {
  const { config, redisUrl, logger, metrics } = service;
  const { publicUrl } = service.settings;
  const port = parsePort(flags.port);
  const running = await openApi({
    config,
    redisUrl,
    host: flags.host,
    port,
    publicUrl,
    logger,
    version,
    metrics,
  });
  logger.info({ address: running.address }, "the API listens");
  await closing(running, use);
}

async function withWorker(service: Service, use: () => Promise<void>): Promise<void> {
  const { config, redisUrl, logger, metrics, terminal } = service;
  const files = authFiles(terminal.env, homedir());
  const { publicUrl } = service.settings;
  const running = await openWorker({
    config,
    redisUrl,
    authFiles: files,
    publicUrl,
    logger,
    version,
    userAgent,
    metrics,
  });
  logger.info({ concurrency: config.worker.concurrency }, "the worker takes archives");
  await closing(running, use);
}

/** Throws where the queue is lost for good: a service without it would do nothing any more. */
async function untilStopped({ terminal, logger }: Service, lost?: Promise<Error>): Promise<void> {
  const { signal } = terminal;
  const stopped = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  const error = await Promise.race(lost === undefined ? [stopped] : [stopped, lost]);
  if (error !== undefined) throw error;
  logger.info("stopping: what is at work may end or is handed back; a second signal ends at once");
}

function neededRedis(config: Config): string {
  if (config.redisUrl !== undefined) return config.redisUrl;
  throw new InvalidRequestError(
    "REDIS_URL is not set; for API and worker in one process with their own queue: layaway serve",
  );
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new InvalidRequestError(`--port: "${text}" is no port`);
}
