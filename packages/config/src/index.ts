export { checkRegistryAllowed } from "./check-registry-allowed.ts";
export type {
  CalendarEntry,
  Config,
  Destination,
  FsDestination,
  OssDestination,
  RegistryEntry,
  S3Destination,
  Secret,
} from "./config.ts";
export { parseDestinationUrl } from "./destination-url.ts";
export type { Environment } from "./environment.ts";
export { formatDuration, formatRate, formatSize } from "./format-quantity.ts";
export { parseConfig } from "./parse-config.ts";
export { parseDuration } from "./parse-duration.ts";
export { parseLimit } from "./parse-limit.ts";
export { parsePartSize } from "./parse-part-size.ts";
export { parseRate, parseSize } from "./parse-quantity.ts";
export { redactConfig } from "./redact-config.ts";
export { transformBy } from "./transform-by.ts";
