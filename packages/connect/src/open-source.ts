import { readFile } from "node:fs/promises";

import { createMemoryGovernor, createPoliteGovernor, type Governor } from "@layaway/bandwidth";
import type { Config, RegistryEntry } from "@layaway/config";
import { InvalidRequestError } from "@layaway/errors";
import type { Reference } from "@layaway/oci";
import { createOutbound, type Egress, type Outbound } from "@layaway/outbound";
import {
  createRegistry,
  type Credentials,
  dockerCredentials,
  type Registry,
  type RegistryOptions,
} from "@layaway/registry";

import { bandwidthLimits } from "./bandwidth-limits.ts";
import { readSecret } from "./read-secret.ts";

/** Where Docker Hub answers; references and the configuration name it `docker.io`. */
const hubHost = "registry-1.docker.io";

export interface SourceOptions {
  readonly config: Config;
  /**
   * Who names the images. `operator`: the user of this very process; every address but metadata services may be reached.
   * `influenced`: a request over the network; only public hosts, and those of `registries:`.
   */
  readonly trust: Egress;
  /** docker's and podman's credential files, in the order in which they are asked. */
  readonly authFiles: readonly string[];
  /** Used for every registry instead of all others. */
  readonly credentials?: Credentials;
  /** Settings for every host, from the command line. */
  readonly tlsVerify?: boolean;
  readonly plainHttp?: boolean;
  readonly caFile?: string;
  readonly userAgent: string;
  /** Every byte that is read passes it; one for this process alone unless given. */
  readonly governor?: Governor;
  /** Told once of each thing that users of a registry should know. */
  readonly onWarning?: RegistryOptions["onWarning"];
}

export interface Source {
  readonly registry: Registry;
  readonly governor: Governor;
  close(): Promise<void>;
}

/** A registry client as the configuration wants it, whose every byte passes the bandwidth governor. */
export async function openSource(options: SourceOptions): Promise<Source> {
  const { config, trust } = options;
  const budget = options.governor ?? createMemoryGovernor({ limits: bandwidthLimits(config) });
  const polite = config.bandwidth.limit === "auto" ? createPoliteGovernor(budget) : undefined;
  const governor = polite ?? budget;
  const entries = new Map(Object.entries(config.registries));
  const authorities = await readAuthorities(entries, options.caFile);
  const entryOf = (host: string): RegistryEntry | undefined =>
    entries.get(host === hubHost ? "docker.io" : host);
  const plainHttpFor = (host: string): boolean =>
    options.plainHttp === true || entryOf(host)?.plainHttp === true || isLoopback(host);

  const outbound: Outbound = createOutbound({
    egressFor: (url) => (entryOf(url.host) === undefined ? trust : "operator"),
    connectionsFor: (host) => entryOf(host)?.maxConnections,
    plainHttpFor,
    tlsFor(host) {
      const ca = authorities.get(host) ?? authorities.get("*");
      const verify = options.tlsVerify ?? entryOf(host)?.tlsVerify ?? true;
      return { rejectUnauthorized: verify, ...(ca === undefined ? {} : { ca }) };
    },
    proxy: config.proxy,
    userAgent: options.userAgent,
  });
  const fromFiles = dockerCredentials({ files: options.authFiles });
  const registry = createRegistry({
    outbound,
    plainHttpFor,
    credentialsFor: async (reference) =>
      options.credentials ?? (await configured(reference, entries)) ?? (await fromFiles(reference)),
    pullFloorFor: (host) => entryOf(host)?.pullFloor,
    onWarning: options.onWarning,
    realmHostsFor: (host) => entryOf(host)?.realmHosts,
    reserve: (host, share) => (upToBytes, signal, want) =>
      governor.lease(upToBytes, { ...want, registry: host, share, signal }),
    onWindow: (host, timing) => polite?.observe(host, timing),
  });
  return {
    registry,
    governor,
    async close() {
      registry.close();
      await outbound.close();
    },
  };
}

async function configured(
  reference: Reference,
  entries: ReadonlyMap<string, RegistryEntry>,
): Promise<Credentials | undefined> {
  const entry = entries.get(reference.registry);
  if (entry?.username === undefined || entry.password === undefined) return undefined;
  const password = await readSecret(entry.password, `registries.${reference.registry}.passwordFile`);
  return { kind: "basic", username: entry.username, password };
}

async function readAuthorities(
  entries: ReadonlyMap<string, RegistryEntry>,
  caFile: string | undefined,
): Promise<ReadonlyMap<string, string>> {
  const files = [...entries].flatMap(([host, entry]) =>
    entry.caFile === undefined ? [] : [[host, entry.caFile] as const],
  );
  if (caFile !== undefined) files.push(["*", caFile]);
  const read = files.map(async ([host, path]) => {
    try {
      return [host, await readFile(path, "utf8")] as const;
    } catch (cause) {
      throw new InvalidRequestError(`ca: ${path} cannot be read`, { cause });
    }
  });
  return new Map(await Promise.all(read));
}

/** docker takes registries on loopback addresses as insecure ones without a word from the user. */
function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || /^127(?:\.\d{1,3}){3}$/.test(name);
}
