import { InvalidRequestError } from "@layaway/errors";

import { buildDestination } from "./build-destination.ts";
import type { Destination } from "./config.ts";
import {
  checksumModes,
  hasSetting,
  type DestinationKind,
  type DestinationSettings,
} from "./destination-settings.ts";
import type { Environment } from "./environment.ts";
import { parseLocation } from "./location.ts";
import { createMistakes, type Notes } from "./mistakes.ts";

/**
 * A destination named by URL: `s3://bucket/prefix`, `oss://bucket/prefix`, `file:///dir`, with endpoint, region, pathStyle,
 * publicEndpoint, checksums (S3) and cname (OSS) as query parameters; the rest, credentials included, from the environment.
 * Throws InvalidRequestError that names every mistake and never repeats the URL.
 */
export function parseDestinationUrl(url: string, env: Environment): Destination {
  const mistakes = createMistakes();
  const path = ["destination"];
  const location = mistakes.attempt(path, () => parseLocation(url));
  if (location !== undefined) {
    const settings = readQuery(location.kind, location.query, { mistakes, path });
    const destination = buildDestination(location, settings, env, { mistakes, path });
    mistakes.throwIfAny();
    return destination;
  }
  mistakes.throwIfAny();
  throw new InvalidRequestError("destination: is not a URL");
}

/** The settings among a URL's query parameters. Unknown and repeated ones are mistakes. */
export function readQuery(
  kind: DestinationKind,
  query: URLSearchParams,
  { mistakes, path }: Notes,
): DestinationSettings {
  const read: Record<string, string | boolean> = {};
  for (const [name, value] of query) {
    const at = [...path, name.slice(0, 40)];
    if (!isQueryName(name) || !hasSetting(kind, name))
      mistakes.add(at, `is no parameter of ${kind === "fs" ? "file" : kind}:// URLs`);
    else if (Object.hasOwn(read, name)) mistakes.add(at, "stands twice in the URL");
    else if (value === "") mistakes.add(at, "is empty");
    else read[name] = mistakes.attempt(at, () => parseValue(name, value)) ?? value;
  }
  return read;
}

const queryNames = ["region", "endpoint", "publicEndpoint", "pathStyle", "cname", "checksums"] as const;
type QueryName = (typeof queryNames)[number];

function isQueryName(name: string): name is QueryName {
  return queryNames.some((known) => known === name);
}

function parseValue(name: QueryName, value: string): string | boolean {
  switch (name) {
    case "pathStyle":
    case "cname":
      if (value !== "true" && value !== "false") throw new InvalidRequestError("must be true or false");
      return value === "true";
    case "checksums":
      if (!checksumModes.some((mode) => mode === value))
        throw new InvalidRequestError(`must be one of ${checksumModes.join(", ")}`);
      return value;
    case "region":
    case "endpoint":
    case "publicEndpoint":
      return value;
  }
}
