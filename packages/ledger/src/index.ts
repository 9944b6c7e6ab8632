export type { Archive, ArchiveBytes, ArchiveState, Receipt, ReceiptLayer, RequestRecord } from "./records.ts";
