import { readFile } from "node:fs/promises";

import { type Config, parseConfig } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";

/** A service's configuration has a Redis: only `layaway serve` brings its own. */
export type ServiceConfig = Config & { readonly redisUrl: string };

/** The configuration of `LAYAWAY_CONFIG` and the environment. Throws `InvalidRequestError`. */
export async function readConfig(env: Readonly<Record<string, string | undefined>>): Promise<ServiceConfig> {
  const file = env["LAYAWAY_CONFIG"];
  const { redisUrl, ...config } = parseConfig(file === undefined ? undefined : await readText(file), env);
  if (redisUrl === undefined) {
    throw new InvalidRequestError(
      "REDIS_URL is not set; for API and worker in one process with their own queue: layaway serve",
    );
  }
  return { ...config, redisUrl };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const reason = cause instanceof Error && "code" in cause ? String(cause.code) : "cannot be read";
    throw new InvalidRequestError(`LAYAWAY_CONFIG: ${file}: ${reason}`, { cause });
  }
}
