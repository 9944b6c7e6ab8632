import { archiveImage, createProgressTally, type ImageSource, placesIn } from "@layaway/archiver";
import type { ProcessArchive } from "@layaway/jobs";
import type { Ledger } from "@layaway/ledger";
import { DestinationUnknownError, type ObjectStore } from "@layaway/object-store";
import { formatPlatform, parsePlatform, parseReference } from "@layaway/oci";

export interface ArchiveRecordDeps {
  readonly source: ImageSource;
  readonly destinations: ReadonlyMap<string, { readonly store: ObjectStore; readonly ledger: Ledger }>;
  /** Bytes per second that are allowed now towards a registry; `undefined` where nothing limits. */
  readonly rate: (registry: string) => number | undefined;
  readonly partSizeBytes: number;
  readonly partsInFlight: number;
}

/** Does what a request record asks for. Repeating it is harmless: what stands already is not moved again. */
export function createArchiveRecord(deps: ArchiveRecordDeps): ProcessArchive {
  return async ({ record, signal, report }) => {
    const destination = deps.destinations.get(record.destination);
    if (destination === undefined) {
      throw new DestinationUnknownError(
        `"${record.destination}" is no destination of this worker's configuration`,
      );
    }
    const { store, ledger } = destination;
    const reference = parseReference(record.image);
    const tally = createProgressTally(() => performance.now());
    const archive = await archiveImage({
      reference,
      platform: record.platform === "all" ? "all" : parsePlatform(record.platform),
      ...(record.name === undefined ? {} : { name: parseReference(record.name) }),
      source: deps.source,
      store,
      findBlob: (digest, lookupSignal) => ledger.findBlob(digest, { signal: lookupSignal }),
      partSizeBytes: deps.partSizeBytes,
      partsInFlight: deps.partsInFlight,
      windowsInFlight: deps.partsInFlight,
      rate: () => deps.rate(reference.registry),
      onEvent(event) {
        tally.take(event);
        const progress = tally.read();
        report({ ...progress, size: progress.bytes.total });
      },
      signal,
    });
    if (archive.outcome === "archived")
      await ledger.rememberBlobs(placesIn(archive, store.limits), { signal });
    return {
      digest: archive.digest,
      platform: record.platform === "all" ? "all" : formatPlatform(archive.platform),
      key: archive.key,
      size: archive.sizeBytes,
      bytes: tally.read().bytes,
      etag: archive.etag,
      layers: archive.layers,
    };
  };
}
