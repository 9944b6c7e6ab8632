import { LayawayError } from "@layaway/errors";

import type { Config } from "./config.ts";

/** The operator's list does not name this registry. */
class RegistryNotAllowedError extends LayawayError {
  readonly code = "denied";
  readonly side = "source";
  readonly retryable = false;
}

/**
 * Throws a `denied` error unless `allowRegistries` is absent or names `registry`. Asked where a request is taken
 * and again where it is worked off: the list may have become shorter since, and whoever reaches Redis can queue a job.
 */
export function checkRegistryAllowed(config: Pick<Config, "allowRegistries">, registry: string): void {
  const { allowRegistries } = config;
  if (allowRegistries === undefined || allowRegistries.includes(registry)) return;
  throw new RegistryNotAllowedError(`image: ${registry} is not among the registries that are allowed here`);
}
