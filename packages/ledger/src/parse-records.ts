import type { ErrorCode } from "@layaway/errors";
import { z } from "zod";

import type { Archive, Receipt, RequestRecord } from "./records.ts";
import { isArchiveId } from "./archive-id.ts";
import { RecordUnreadableError } from "./record-unreadable-error.ts";

/** Checks a request record that was read back from the bucket or the queue. Throws `RecordUnreadableError`. */
export function parseRequestRecord(value: unknown): RequestRecord {
  return checked("request record", requestRecord, value);
}

/** Checks a receipt that was read back from the bucket. Throws `RecordUnreadableError`. */
export function parseReceipt(value: unknown): Receipt {
  return checked("receipt", receipt, value);
}

/** Checks an archive that was read back from the catalogue or from an API's answer. Throws `RecordUnreadableError`. */
export function parseArchive(value: unknown): Archive {
  return checked("archive", archive, value);
}

/** Names the fields that are wrong, never their values: labels and URLs may hold anything. */
function checked<T>(what: string, schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const paths = result.error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join(".") || "(whole)"} ${issue.code}`);
  throw new RecordUnreadableError(`unreadable ${what}: ${paths.join(", ")}`);
}

const id = z.string().refine(isArchiveId);
const time = z.string().max(40);
const bytes = z.number().int().nonnegative();
const labels = z.record(z.string(), z.string());

// Unknown fields are dropped: a newer version may have added some, and an older worker must be able to go on.
const requestRecord = z.object({
  version: z.literal(1),
  id,
  image: z.string(),
  platform: z.string(),
  destination: z.string(),
  name: z.string().exactOptional(),
  callbackUrl: z.string().exactOptional(),
  priority: z.number().int().min(1).max(100),
  labels,
  createdAt: time,
  requester: z.string().exactOptional(),
});

const archiveBytes = z.object({ total: bytes, done: bytes, fetched: bytes, reused: bytes });

/** Every code once: the compiler misses those that are added later. */
const errorCodes: Readonly<Record<ErrorCode, true>> = {
  invalid_reference: true,
  unsupported_media_type: true,
  manifest_schema1_unsupported: true,
  not_an_image: true,
  platform_not_found: true,
  manifest_unknown: true,
  blob_unknown: true,
  digest_mismatch: true,
  size_mismatch: true,
  unauthorized: true,
  denied: true,
  rate_limited: true,
  source_unavailable: true,
  source_too_slow: true,
  address_denied: true,
  destination_unknown: true,
  destination_denied: true,
  destination_unavailable: true,
  object_conflict: true,
  too_large: true,
  cancelled: true,
  crash_loop: true,
  invalid_request: true,
  internal: true,
};

const errorReport = z.object({
  code: z.custom<ErrorCode>((value) => typeof value === "string" && Object.hasOwn(errorCodes, value)),
  message: z.string(),
  side: z.enum(["source", "destination", "internal"]),
  retryable: z.boolean(),
});

const receipt = z.object({
  version: z.literal(1),
  id,
  outcome: z.enum(["completed", "failed", "cancelled"]),
  request: requestRecord,
  digest: z.string().exactOptional(),
  key: z.string().exactOptional(),
  size: bytes.exactOptional(),
  etag: z.string().exactOptional(),
  layers: z
    .array(z.object({ digest: z.string(), mediaType: z.string(), size: bytes, offset: bytes }))
    .exactOptional(),
  bytes: archiveBytes.exactOptional(),
  error: errorReport.exactOptional(),
  startedAt: time.exactOptional(),
  finishedAt: time,
});

const archive = z.object({
  id,
  state: z.enum(["queued", "running", "waiting", "completed", "failed", "cancelled"]),
  image: z.string(),
  digest: z.string().exactOptional(),
  platform: z.string(),
  destination: z.string(),
  key: z.string().exactOptional(),
  size: bytes.exactOptional(),
  bytes: archiveBytes,
  rate: z.number().nonnegative().exactOptional(),
  etaMs: z.number().nonnegative().exactOptional(),
  error: errorReport.exactOptional(),
  labels,
  createdAt: time,
  startedAt: time.exactOptional(),
  finishedAt: time.exactOptional(),
});
