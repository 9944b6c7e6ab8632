export type { BlobHint } from "./blob-hint.ts";
export type { CheckpointRecord } from "./checkpoint-record.ts";
export { createLedger, type Ledger } from "./ledger.ts";
export { isArchiveId, newArchiveId } from "./archive-id.ts";
export { parseArchive, parseReceipt, parseRequestRecord } from "./parse-records.ts";
export { RecordUnreadableError } from "./record-unreadable-error.ts";
export type { Archive, ArchiveBytes, ArchiveState, Receipt, ReceiptLayer, RequestRecord } from "./records.ts";
