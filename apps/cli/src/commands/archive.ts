import { archiveImage, type ArchiveResult, placesIn } from "@layaway/archiver";
import {
  type Config,
  type Destination,
  formatDuration,
  formatRate,
  formatSize,
  parsePartSize,
} from "@layaway/config";
import { openDestination, type Source, uploadPace } from "@layaway/connect";
import { createLedger } from "@layaway/ledger";
import type { ObjectStore } from "@layaway/object-store";
import { formatPlatform, parseReference } from "@layaway/oci";

import { chooseDestination } from "../choose-destination.ts";
import { closing } from "../closing.ts";
import { openUserSource, type SourceFlags } from "../open-user-source.ts";
import { parseCount } from "../parse-count.ts";
import { parseImage, parsePlatformFlag } from "../parse-image.ts";
import { printJson } from "../print-json.ts";
import { createProgressDisplay } from "../progress-display.ts";
import { readConfig } from "../read-config.ts";
import { restoreLine } from "../restore-line.ts";
import type { Terminal } from "../terminal.ts";

export interface ArchiveFlags extends SourceFlags {
  readonly config?: string;
  readonly platform?: string;
  readonly name?: string;
  readonly key?: string;
  readonly partSize?: string;
  readonly concurrency?: string;
  readonly overwrite?: true;
  readonly quiet?: true;
  readonly json?: true;
}

/** `layaway archive IMAGE [DESTINATION]`: archives now, in this process, without queue and without Redis. */
export async function archive(
  image: string,
  destinationName: string | undefined,
  flags: ArchiveFlags,
  terminal: Terminal,
): Promise<void> {
  const config = await readConfig(flags.config, terminal);
  const work = parseWork(image, flags, config);
  const destination = chooseDestination(config, destinationName, terminal);
  const done = await closing(await openUserSource(config, flags, terminal), async (source) =>
    closing(await openDestination(destination, uploadPace(config, source.governor)), (store) =>
      run(work, source, store, flags, terminal),
    ),
  );
  if (flags.json === true)
    printJson(terminal, { image, ...done, restore: restoreLine(destination, done.url) });
  else terminal.stdout.write(summary(image, done, destination));
}

type Work = ReturnType<typeof parseWork>;

/** Everything that the user wrote is checked before anything is asked of anybody. */
function parseWork(image: string, flags: ArchiveFlags, config: Config) {
  return {
    reference: parseImage(image),
    platform: flags.platform === undefined ? undefined : parsePlatformFlag(flags.platform),
    name: flags.name === undefined ? undefined : parseReference(flags.name),
    key: flags.key,
    overwrite: flags.overwrite,
    partSizeBytes: flags.partSize === undefined ? config.worker.partSizeBytes : parsePartSize(flags.partSize),
    partsInFlight:
      flags.concurrency === undefined
        ? config.worker.partsInFlight
        : parseCount("--concurrency", flags.concurrency, 64),
  };
}

/** What `--json` prints, besides the image and the restore line; names as the API has them. */
interface Done extends Omit<ArchiveResult, "platform" | "sizeBytes"> {
  readonly platform: string;
  readonly size: number;
  readonly bytes: {
    readonly total: number;
    readonly done: number;
    readonly fetched: number;
    readonly reused: number;
  };
  readonly durationMs: number;
}

async function run(
  work: Work,
  source: Source,
  store: ObjectStore,
  flags: ArchiveFlags,
  terminal: Terminal,
): Promise<Done> {
  const ledger = createLedger(store);
  const display = createProgressDisplay(terminal, flags.quiet === true || flags.json === true);
  const bytes = { fetched: 0, reused: 0 };
  const startedAt = performance.now();
  try {
    const { sizeBytes, ...result } = await archiveImage({
      ...work,
      conflictAdvice: "take another key (--key), or replace it (--overwrite)",
      source: source.registry,
      store,
      findBlob: (digest, signal) => ledger.findBlob(digest, { signal }),
      rate: () => source.governor.rate(work.reference.registry),
      onEvent(event) {
        display.take(event);
        if (event.kind === "fetched") bytes.fetched += event.sizeBytes;
        if (event.kind === "stored") bytes.reused += event.reusedBytes;
      },
      signal: terminal.signal,
    });
    if (result.outcome === "archived") {
      // The archive stands; a hint that cannot be written only costs a later one a copy.
      await ledger.rememberBlobs(placesIn({ sizeBytes, ...result }, store.limits)).catch(() => {});
    }
    return {
      ...result,
      platform: work.platform === "all" ? "all" : formatPlatform(result.platform),
      size: sizeBytes,
      bytes: { total: sizeBytes, done: sizeBytes, ...bytes },
      durationMs: Math.round(performance.now() - startedAt),
    };
  } finally {
    display.stop();
  }
}

function summary(image: string, done: Done, destination: Destination): string {
  const { bytes, durationMs } = done;
  const moved =
    done.outcome === "already-there"
      ? "stood there already, nothing was moved"
      : `fetched ${formatSize(bytes.fetched)}, reused ${formatSize(bytes.reused)} in ${formatDuration(durationMs)} (${formatRate((bytes.fetched * 1000) / Math.max(1, durationMs))})`;
  const rows = [
    ["image", `${image} (${done.platform})`],
    ["digest", done.digest],
    ["archive", done.url],
    ["size", `${formatSize(done.size)}, ${done.layers.length} layers; ${moved}`],
    ["restore", restoreLine(destination, done.url)],
  ];
  return rows.map(([name = "", value = ""]) => `${name.padEnd(8)} ${value}\n`).join("");
}
