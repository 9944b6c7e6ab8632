import { InvalidRequestError } from "@layaway/errors";

import { buildDestination } from "./build-destination.ts";
import type { Config, Destination, RegistryEntry } from "./config.ts";
import { parseDestinationUrl, readQuery } from "./destination-url.ts";
import { readEnvironment, variable, type Environment } from "./environment.ts";
import { checkFile, type ConfigFile, type DestinationEntry, type RegistryFileEntry } from "./file-schema.ts";
import { addIssues } from "./issue-text.ts";
import { parseLocation } from "./location.ts";
import { createMistakes, type Mistakes } from "./mistakes.ts";
import { parseYaml } from "./parse-yaml.ts";
import { readBandwidth } from "./read-bandwidth.ts";
import { parseRegistryHost } from "./registry-host.ts";

/**
 * The effective configuration from the file's text (or `undefined` without one) and the environment. Reads no file: secrets
 * in files stay paths. Throws InvalidRequestError with every mistake and its path in one line: `bandwidth.limit: "fast" is not a rate`.
 */
export function parseConfig(yamlText: string | undefined, env: Environment): Config {
  const mistakes = createMistakes();
  const fromEnvironment = readEnvironment(env, mistakes);
  const document = parseYaml(yamlText ?? "", mistakes);
  const checked = document === undefined ? { issues: [] } : checkFile(document);
  if ("file" in checked) {
    const config = { ...fromFile(checked.file, env, mistakes), ...fromEnvironment };
    mistakes.throwIfAny();
    return config;
  }
  addIssues(checked.issues, mistakes);
  mistakes.throwIfAny();
  throw new InvalidRequestError("the configuration cannot be read");
}

type FromFile = Omit<Config, "redisUrl" | "tokens" | "dataDir" | "proxy">;

function fromFile(file: ConfigFile, env: Environment, mistakes: Mistakes): FromFile {
  const destinations = readDestinations(file.destinations, env, mistakes);
  const defaultDestination = chooseDefault(file, env, mistakes);
  const perRegistry = byHost("bandwidth.perRegistry", file.bandwidth.perRegistry, mistakes, (rate) => rate);
  return {
    destinations,
    ...(defaultDestination === undefined ? {} : { defaultDestination }),
    registries: byHost("registries", file.registries, mistakes, readRegistry),
    ...(file.allowRegistries === undefined ? {} : { allowRegistries: [...new Set(file.allowRegistries)] }),
    bandwidth: readBandwidth(file.bandwidth, perRegistry, mistakes),
    worker: {
      concurrency: file.worker.concurrency,
      partSizeBytes: file.worker.partSize,
      partsInFlight: file.worker.partsInFlight,
    },
    webhooks: readWebhooks(file.webhooks, env),
  };
}

function readDestinations(
  entries: Readonly<Record<string, DestinationEntry>>,
  env: Environment,
  mistakes: Mistakes,
): Record<string, Destination> {
  const read = Object.entries(entries).map(([name, entry]): [string, Destination | undefined] => {
    const path = ["destinations", name];
    // A name is a word on command lines and in requests, where "://" tells a URL.
    if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u.test(name))
      mistakes.add(path, "a name has letters, digits, '.', '_' and '-'");
    const { url, ...settings } = entry;
    const location = mistakes.attempt([...path, "url"], () => parseLocation(url));
    if (location === undefined) return [name, undefined];
    const query = readQuery(location.kind, location.query, { mistakes, path: [...path, "url"] });
    for (const setting of Object.keys(query)) {
      if (Object.hasOwn(settings, setting)) mistakes.add([...path, setting], "stands in the url already");
    }
    return [name, buildDestination(location, { ...query, ...settings }, env, { mistakes, path })];
  });
  return Object.fromEntries(
    read.flatMap(([name, made]) => (made === undefined ? [] : [[name, made] as const])),
  );
}

/** The one that is named; where only one destination exists there is nothing to choose. */
function chooseDefault(file: ConfigFile, env: Environment, mistakes: Mistakes): string | undefined {
  const { defaultDestination: named } = file;
  const known = Object.keys(file.destinations);
  if (named === undefined) return known.length === 1 ? known[0] : undefined;
  if (named.includes("://")) mistakes.attempt(["defaultDestination"], () => parseDestinationUrl(named, env));
  else if (!known.includes(named)) mistakes.add(["defaultDestination"], "is not among destinations");
  return named;
}

function readRegistry(entry: RegistryFileEntry, path: readonly string[], mistakes: Mistakes): RegistryEntry {
  const { username, passwordFile, maxConnections, plainHttp, tlsVerify, ca, realmHosts, pullFloor } = entry;
  if (username === undefined && passwordFile !== undefined) mistakes.add([...path, "username"], "is missing");
  if (username !== undefined && passwordFile === undefined)
    mistakes.add([...path, "passwordFile"], "is missing");
  return {
    plainHttp,
    tlsVerify,
    ...(username === undefined ? {} : { username }),
    ...(passwordFile === undefined ? {} : { password: { kind: "file", path: passwordFile } }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(ca === undefined ? {} : { caFile: ca }),
    ...(realmHosts === undefined ? {} : { realmHosts }),
    ...(pullFloor === undefined ? {} : { pullFloor }),
  };
}

function readWebhooks(
  { secretFile, allowHosts }: ConfigFile["webhooks"],
  env: Environment,
): Config["webhooks"] {
  const value = variable(env, "LAYAWAY_WEBHOOK_SECRET");
  if (value !== undefined) return { secret: { kind: "value", value }, allowHosts };
  return secretFile === undefined
    ? { allowHosts }
    : { secret: { kind: "file", path: secretFile }, allowHosts };
}

/** Puts the keys of a record into the one spelling of a host; two spellings of one host are a mistake. */
function byHost<In, Out>(
  place: string,
  entries: Readonly<Record<string, In>>,
  mistakes: Mistakes,
  read: (entry: In, path: readonly string[], mistakes: Mistakes) => Out,
): Record<string, Out> {
  const found: Record<string, Out> = {};
  for (const [key, entry] of Object.entries(entries)) {
    const path = [place, key];
    const host = mistakes.attempt(path, () => parseRegistryHost(key));
    if (host === undefined) continue;
    if (Object.hasOwn(found, host)) mistakes.add(path, `${host} stands here twice`);
    found[host] = read(entry, path, mistakes);
  }
  return found;
}
