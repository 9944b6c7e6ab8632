import { InvalidRequestError } from "@layaway/errors";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a worker that runs alone tells its metrics. */
export interface MetricsSettings {
  readonly host: string;
  readonly port: number;
}

/** `LAYAWAY_METRICS_PORT`, on `LAYAWAY_METRICS_HOST` (127.0.0.1); nowhere unless a port is given. Throws `InvalidRequestError`. */
export function metricsSettings(env: Environment): MetricsSettings | undefined {
  const text = env["LAYAWAY_METRICS_PORT"];
  if (text === undefined) return undefined;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) {
    throw new InvalidRequestError("LAYAWAY_METRICS_PORT: must be a number from 0 to 65535");
  }
  return { host: env["LAYAWAY_METRICS_HOST"] ?? "127.0.0.1", port };
}
