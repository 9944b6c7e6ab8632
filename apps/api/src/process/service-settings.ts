import { InvalidRequestError } from "@layaway/errors";

/** What the environment tells every process of Layaway that serves. */
export interface ServiceSettings {
  /** `LAYAWAY_LOG_LEVEL`; `info` unless given. */
  readonly logLevel: string;
  /** `LAYAWAY_PUBLIC_URL`: where users reach the API, for links. */
  readonly publicUrl?: URL;
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"];

/** Throws `InvalidRequestError` that names the variable. */
export function serviceSettings(env: Readonly<Record<string, string | undefined>>): ServiceSettings {
  const logLevel = env["LAYAWAY_LOG_LEVEL"] ?? "info";
  const publicUrl = env["LAYAWAY_PUBLIC_URL"];
  if (!logLevels.includes(logLevel)) {
    throw new InvalidRequestError(`LAYAWAY_LOG_LEVEL: must be one of ${logLevels.join(", ")}`);
  }
  return { logLevel, ...(publicUrl === undefined ? {} : { publicUrl: parsePublicUrl(publicUrl) }) };
}

function parsePublicUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const hasMore = url === undefined || `${url.username}${url.password}${url.search}${url.hash}` !== "";
  if (!hasMore && /^https?:$/.test(url.protocol)) return url;
  throw new InvalidRequestError(
    "LAYAWAY_PUBLIC_URL: must be an http or https URL without user, query and fragment",
  );
}
