import type { Config } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import type { ObjectStore } from "@layaway/object-store";

import { openDestination } from "./open-destination.ts";

/** Every destination of the configuration, by name. Throws `InvalidRequestError` where there is none at all. */
export async function openDestinations(config: Config): Promise<ReadonlyMap<string, ObjectStore>> {
  const named = Object.entries(config.destinations);
  if (named.length === 0) {
    throw new InvalidRequestError("destinations: the configuration names none, so nothing could be archived");
  }
  return new Map(
    await Promise.all(named.map(async ([name, one]) => [name, await openDestination(one)] as const)),
  );
}
