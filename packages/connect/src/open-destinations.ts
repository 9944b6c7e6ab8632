import type { Governor } from "@layaway/bandwidth";
import type { Config } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import type { ObjectStore } from "@layaway/object-store";

import { openDestination } from "./open-destination.ts";
import { uploadPace } from "./upload-pace.ts";

/** Every destination of the configuration, by name; uploads keep to the limit that `governor` has for them. Throws `InvalidRequestError` where there is none at all. */
export async function openDestinations(
  config: Config,
  governor?: Governor,
): Promise<ReadonlyMap<string, ObjectStore>> {
  const named = Object.entries(config.destinations);
  if (named.length === 0) {
    throw new InvalidRequestError("destinations: the configuration names none, so nothing could be archived");
  }
  const pace = governor === undefined ? undefined : uploadPace(config, governor);
  return new Map(
    await Promise.all(named.map(async ([name, one]) => [name, await openDestination(one, pace)] as const)),
  );
}
