import { archiveImage } from "@layaway/archiver";
import type { Ledger } from "@layaway/ledger";
import { DestinationUnknownError, type ObjectStore } from "@layaway/object-store";
import { parsePlatform, parseReference } from "@layaway/oci";
import type { Registry } from "@layaway/registry";

import { ledgerCheckpoints } from "./ledger-checkpoints.ts";
import { rememberPlaces } from "./remember-places.ts";
import { shareWeight } from "./share-weight.ts";
import type { ArchiveOne, WorkerDeps } from "./worker-deps.ts";

export interface ArchiveRecordDeps {
  readonly source: Pick<Registry, "resolve" | "openBlob">;
  /** Throws where the operator does not allow images of this registry. */
  readonly checkRegistry: (registry: string) => void;
  readonly destinations: ReadonlyMap<string, { readonly store: ObjectStore; readonly ledger: Ledger }>;
  /** Bytes per second that are allowed now towards a registry; `undefined` where nothing limits. */
  readonly rate: (registry: string) => number | undefined;
  readonly partSizeBytes: number;
  readonly partsInFlight: number;
  readonly logger: WorkerDeps["logger"];
}

/** Does what a request record asks for. Repeating it is harmless: what stands already is not moved again. */
export function createArchiveRecord(deps: ArchiveRecordDeps): ArchiveOne {
  return async ({ record, signal, onEvent }) => {
    const reference = parseReference(record.image);
    deps.checkRegistry(reference.registry);
    const destination = deps.destinations.get(record.destination);
    if (destination === undefined) {
      throw new DestinationUnknownError(
        `"${record.destination}" is no destination of this worker's configuration`,
      );
    }
    const { store, ledger } = destination;
    const share = { id: record.id, weight: shareWeight(record.priority) };
    const archive = await archiveImage({
      reference,
      platform: record.platform === "all" ? "all" : parsePlatform(record.platform),
      ...(record.name === undefined ? {} : { name: parseReference(record.name) }),
      source: {
        resolve: (image, options) => deps.source.resolve(image, options),
        openBlob: (image, blob) => deps.source.openBlob(image, blob, { share }),
      },
      conflictAdvice: "ask for the archive under another name, or remove that object",
      store,
      findBlob: (digest, lookupSignal) => ledger.findBlob(digest, { signal: lookupSignal }),
      partSizeBytes: deps.partSizeBytes,
      partsInFlight: deps.partsInFlight,
      rate: () => deps.rate(reference.registry),
      checkpoints: ledgerCheckpoints(ledger, record.id),
      onEvent,
      signal,
    });
    await rememberPlaces(ledger, archive, {
      limits: store.limits,
      signal,
      onLost: (error) =>
        deps.logger.warn(
          { err: error, archive: record.id, destination: record.destination },
          "no blob hints",
        ),
    });
    return archive;
  };
}
