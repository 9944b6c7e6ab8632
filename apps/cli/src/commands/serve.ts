import { openApi } from "@layaway/api";
import type { Config } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { startEmbeddedRedis } from "@layaway/jobs";
import { openWorker } from "@layaway/worker";
import { type Logger, pino } from "pino";

import { closing } from "../closing.ts";
import { dataDirOf } from "../data-dir.ts";
import { authFiles } from "../open-user-source.ts";
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
  readonly logger: Logger;
  readonly terminal: Terminal;
}

/** `layaway serve`: API and worker in one process, with a queue of its own where no `REDIS_URL` is given. */
export async function serve(flags: ListenFlags, terminal: Terminal): Promise<void> {
  const config = await readConfig(flags.config, terminal);
  const logger = pino({ base: null }, terminal.stdout);
  const both = (redisUrl: string): Promise<void> => {
    const service = { config, redisUrl, logger, terminal };
    return withWorker(service, () => withApi(flags, service, () => untilStopped(terminal.signal)));
  };
  if (config.redisUrl !== undefined) return both(config.redisUrl);
  const dataDir = config.dataDir ?? dataDirOf(terminal.env);
  const redis = await startEmbeddedRedis({
    dataDir,
    onError: (error) => logger.error({ err: error }, "embedded queue"),
  });
  logger.info({ dataDir, pid: redis.pid }, "the queue runs in this process' care");
  return closing(redis, () => both(redis.url));
}

/** `layaway api`: the API of a fleet. */
export async function api(flags: ListenFlags, terminal: Terminal): Promise<void> {
  const config = await readConfig(flags.config, terminal);
  const service = {
    config,
    redisUrl: neededRedis(config),
    logger: pino({ base: null }, terminal.stdout),
    terminal,
  };
  await withApi(flags, service, () => untilStopped(terminal.signal));
}

/** `layaway worker`: one worker of a fleet. */
export async function worker(flags: Pick<ListenFlags, "config">, terminal: Terminal): Promise<void> {
  const config = await readConfig(flags.config, terminal);
  const service = {
    config,
    redisUrl: neededRedis(config),
    logger: pino({ base: null }, terminal.stdout),
    terminal,
  };
  await withWorker(service, () => untilStopped(terminal.signal));
}

async function withApi(flags: ListenFlags, service: Service, use: () => Promise<void>): Promise<void> {
  const { config, redisUrl, logger } = service;
  const port = parsePort(flags.port);
  const running = await openApi({ config, redisUrl, host: flags.host, port, logger, version });
  logger.info({ address: running.address }, "the API listens");
  await closing(running, use);
}

async function withWorker(service: Service, use: () => Promise<void>): Promise<void> {
  const { config, redisUrl, logger, terminal } = service;
  const files = authFiles(undefined, terminal.env);
  const running = await openWorker({ config, redisUrl, authFiles: files, logger, version, userAgent });
  logger.info({ concurrency: config.worker.concurrency }, "the worker takes archives");
  await closing(running, use);
}

function untilStopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
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
