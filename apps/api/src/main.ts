import { collectDefaultMetrics, Registry } from "prom-client";

import { listenSettings } from "./config.ts";
import { openApi } from "./open-api.ts";
import { createLogger, readConfig, runService, serviceSettings } from "./process/index.ts";

const version = "0.1.0";

// What the AWS SDK thinks of the Node version is for our release notes, and not for every start.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

await runService(process, async () => {
  const { env } = process;
  const { logLevel, ...settings } = serviceSettings(env);
  const { host, port } = listenSettings(env);
  const config = await readConfig(env);
  const logger = createLogger({ level: logLevel, part: "api" });
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const { redisUrl } = config;
  const api = await openApi({ config, redisUrl, host, port, ...settings, logger, version, metrics });
  logger.info({ address: api.address }, "the API listens");
  return api;
});
