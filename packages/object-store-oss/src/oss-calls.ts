import { createPacer, type Pacer } from "@layaway/object-store";

import type { OssClient } from "./oss-client.ts";
import { openOssClient } from "./oss-client.ts";
import { storeErrorOf } from "./oss-errors.ts";
import type { OssPlace } from "./oss-options.ts";
import { openConnections, type OssCall } from "./oss-transport.ts";

/** Runs calls of one store. */
export interface OssCalls {
  readonly place: OssPlace;
  /** Where parts have a limit. */
  readonly pacer: Pacer | undefined;
  /** The whole key of a key of this destination. */
  fullKey(key: string): string;
  /** Runs one call with a client of its own; all it throws is of the contract. */
  run<T>(
    what: { readonly method: string; readonly key: string; readonly inactivityMs?: number },
    signal: AbortSignal | undefined,
    call: (client: OssClient, context: OssCall) => Promise<T>,
  ): Promise<T>;
  close(): void;
}

/** Nothing moved on the connection for so long: the same as the S3 adapter's. */
const inactivityMs = 30_000;

export function openOssCalls(place: OssPlace): OssCalls {
  const { pace, endpoint } = place;
  const connections = openConnections({ plainHttp: endpoint.url.protocol === "http:" });
  return {
    place,
    pacer: pace === undefined ? undefined : createPacer(pace),
    fullKey: (key) => place.prefix + key,
    async run(what, signal, call) {
      const context: OssCall = { signal, inactivityMs: what.inactivityMs ?? inactivityMs };
      try {
        signal?.throwIfAborted();
        const client = await openOssClient(place, place.endpoint, connections.transportFor(context));
        return await call(client, context);
      } catch (error) {
        throw storeErrorOf(error, `${what.method} ${urlOf(place, what.key)}`, context);
      }
    },
    close: () => connections.close(),
  };
}

/** For people, and in messages: never signed. */
export function urlOf(place: OssPlace, key: string): string {
  return `oss://${place.bucket}/${place.prefix}${key}`;
}

export function unquoted(etag: string): string {
  return etag.replaceAll('"', "");
}

export function quoted(etag: string): string {
  return `"${etag}"`;
}
