import { homedir } from "node:os";

import { createClosing, createLogger, readConfig, runService, serviceSettings } from "@layaway/api/process";
import { authFiles } from "@layaway/connect";
import { collectDefaultMetrics, Registry } from "prom-client";

import { metricsSettings } from "./config.ts";
import { openWorker } from "./open-worker.ts";
import { serveMetrics } from "./serve-metrics.ts";

const version = "0.1.0";

// What the AWS SDK thinks of the Node version is for our release notes, and not for every start.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

await runService(process, async () => {
  const { env } = process;
  const { logLevel, ...settings } = serviceSettings(env);
  const served = metricsSettings(env);
  const config = await readConfig(env);
  const logger = createLogger({ level: logLevel, part: "worker" });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const opened = createClosing();
  if (served !== undefined) opened.add(await serveMetrics({ metrics, ...served }));
  try {
    opened.add(
      await openWorker({
        config,
        redisUrl: config.redisUrl,
        authFiles: authFiles(env, homedir()),
        ...settings,
        logger,
        version,
        userAgent: `layaway/${version}`,
        metrics,
      }),
    );
  } catch (error) {
    await opened.close();
    throw error;
  }
  logger.info({ concurrency: config.worker.concurrency }, "the worker takes archives");
  return opened;
});
