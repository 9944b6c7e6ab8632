export { type Closing, createClosing } from "./closing.ts";
export { createLogger, type LoggerOptions } from "./create-logger.ts";
export { readConfig, type ServiceConfig } from "./read-config.ts";
export { runService, type Service, type ServiceProcess } from "./run-service.ts";
export { serviceSettings, type ServiceSettings } from "./service-settings.ts";
