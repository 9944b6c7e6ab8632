import { type Archive, parseArchive, parseRequestRecord, type RequestRecord } from "@layaway/ledger";
import { z } from "zod";

import type { ReceiptDetails } from "./archive-work.ts";

/** How an archive ended, written down in the catalogue until everybody is told: after a crash the very same is told again. */
export interface Outcome {
  readonly archive: Archive;
  readonly record: RequestRecord;
  readonly details: ReceiptDetails;
}

/** Reads back what was written as JSON. Throws `RecordUnreadableError`, or zod's own error for broken details. */
export function parseOutcome(json: string): Outcome {
  const { archive, record, details } = outcome.parse(JSON.parse(json));
  return { archive: parseArchive(archive), record: parseRequestRecord(record), details };
}

const size = z.number().int().nonnegative();

const outcome = z.object({
  archive: z.unknown(),
  record: z.unknown(),
  details: z.object({
    etag: z.string().exactOptional(),
    layers: z
      .array(z.object({ digest: z.string(), mediaType: z.string(), size, offset: size }))
      .exactOptional(),
  }),
});
