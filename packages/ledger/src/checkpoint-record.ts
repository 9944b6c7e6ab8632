import { z } from "zod";

import { RecordUnreadableError } from "./record-unreadable-error.ts";

/** How far an archive has come, as `Checkpoint` of @layaway/archiver. */
export interface CheckpointRecord {
  readonly version: 1;
  readonly uploadId: string;
  /** Relative to the destination's prefix. */
  readonly key: string;
  readonly fingerprint: string;
  readonly layout: string;
  readonly partsDone: number;
  readonly partsDigest: string;
  readonly open?: {
    readonly digest: string;
    readonly sizeBytes: number;
    readonly state?: string;
    readonly prefix?: string;
  };
}

const text = z.string().min(1);
const count = z.number().int().nonnegative();

const checkpointRecord: z.ZodType<CheckpointRecord> = z.object({
  version: z.literal(1),
  uploadId: text,
  key: text,
  fingerprint: text,
  layout: text,
  partsDone: count,
  partsDigest: text,
  open: z
    .object({ digest: text, sizeBytes: count, state: text.exactOptional(), prefix: text.exactOptional() })
    .exactOptional(),
});

export function parseCheckpointRecord(value: unknown): CheckpointRecord {
  const result = checkpointRecord.safeParse(value);
  if (!result.success) throw new RecordUnreadableError("unreadable checkpoint");
  return result.data;
}
