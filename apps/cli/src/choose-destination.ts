import { type Config, type Destination, parseDestinationUrl } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import { DestinationUnknownError } from "@layaway/object-store";

import type { Terminal } from "./terminal.ts";

/** A destination by its name in the configuration, by URL, or the default one. */
export function chooseDestination(
  config: Config,
  given: string | undefined,
  terminal: Terminal,
): Destination {
  const wanted = given ?? config.defaultDestination;
  if (wanted === undefined) {
    throw new InvalidRequestError(
      "no destination: name one (s3://bucket/prefix, oss://bucket/prefix, file:///dir) or set defaultDestination",
    );
  }
  if (wanted.includes("://")) return parseDestinationUrl(wanted, terminal.env);
  const destinations = new Map(Object.entries(config.destinations));
  const destination = destinations.get(wanted);
  if (destination !== undefined) return destination;
  const known = [...destinations.keys()];
  throw new DestinationUnknownError(
    `"${wanted}" is no destination of the configuration (${known.length === 0 ? "it names none" : known.join(", ")}), nor a URL`,
  );
}
