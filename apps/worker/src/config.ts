import { join } from "node:path";

import { InvalidRequestError } from "@layaway/errors";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where docker, podman and skopeo keep credentials, in the order in which they are asked. `home` is the user's directory. */
export function authFiles(env: Environment, home: string): readonly string[] {
  const runtime = env["XDG_RUNTIME_DIR"];
  return [
    env["REGISTRY_AUTH_FILE"],
    runtime === undefined ? undefined : join(runtime, "containers", "auth.json"),
    join(env["XDG_CONFIG_HOME"] ?? join(home, ".config"), "containers", "auth.json"),
    join(env["DOCKER_CONFIG"] ?? join(home, ".docker"), "config.json"),
  ].filter((file) => file !== undefined);
}

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
