import { type CallOptions, ObjectNotFoundError, type ObjectStore } from "@layaway/object-store";

import { type BlobHint, blobHintKey, parseBlobHint } from "./blob-hint.ts";
import { type CheckpointRecord, parseCheckpointRecord } from "./checkpoint-record.ts";
import { isArchiveId } from "./archive-id.ts";
import { parseReceipt, parseRequestRecord } from "./parse-records.ts";
import { readJson, writeJson } from "./json-object.ts";
import type { Receipt, RequestRecord } from "./records.ts";
import { RecordUnreadableError } from "./record-unreadable-error.ts";

/**
 * What a destination's bucket knows about itself, below `.layaway/`: the requests that were accepted, how they ended, and
 * where blobs stand. It is the only thing that must survive; queue and lists can be made again from it.
 *
 * Every write can be repeated. Methods throw the store's errors, and `RecordUnreadableError` for what is not ours.
 */
export interface Ledger {
  /** Before the request is accepted: what is not written here was never promised. */
  writeRequest(record: RequestRecord, options?: CallOptions): Promise<void>;
  readRequest(id: string, options?: CallOptions): Promise<RequestRecord | undefined>;
  /** After the commit and before anybody is told. */
  writeReceipt(receipt: Receipt, options?: CallOptions): Promise<void>;
  readReceipt(id: string, options?: CallOptions): Promise<Receipt | undefined>;
  /** Ids of all requests, oldest first. */
  listRequests(options?: CallOptions): AsyncIterable<string>;
  /** Ids of all requests that ended, oldest first. */
  listReceipts(options?: CallOptions): AsyncIterable<string>;
  /** How far the archive has come, and in which upload; while it is worked on. */
  writeCheckpoint(id: string, checkpoint: CheckpointRecord, options?: CallOptions): Promise<void>;
  readCheckpoint(id: string, options?: CallOptions): Promise<CheckpointRecord | undefined>;
  deleteCheckpoint(id: string, options?: CallOptions): Promise<void>;
  /** Says by digest where blobs stand, so that a later archive may copy them. The newest word wins. */
  rememberBlobs(places: ReadonlyMap<string, BlobHint>, options?: CallOptions): Promise<void>;
  /** A hint, never the truth: the object may be gone or replaced, so its ETag is compared before a copy. */
  findBlob(digest: string, options?: CallOptions): Promise<BlobHint | undefined>;
}

const requests = ".layaway/requests/";
const receipts = ".layaway/receipts/";
const uploads = ".layaway/uploads/";
/** Hints written at the same time: enough to hide latency, few enough for a small store. */
const writesAtOnce = 8;

export function createLedger(store: ObjectStore): Ledger {
  return {
    writeRequest: (record, options) => writeJson(store, keyOf(requests, record.id), record, options),
    readRequest: (id, options) => readRecord(store, keyOf(requests, id), parseRequestRecord, options),
    writeReceipt: (receipt, options) => writeJson(store, keyOf(receipts, receipt.id), receipt, options),
    readReceipt: (id, options) => readRecord(store, keyOf(receipts, id), parseReceipt, options),
    listRequests: (options) => listIds(store, requests, options),
    listReceipts: (options) => listIds(store, receipts, options),
    writeCheckpoint: (id, checkpoint, options) => writeJson(store, keyOf(uploads, id), checkpoint, options),
    readCheckpoint: (id, options) => readRecord(store, keyOf(uploads, id), parseCheckpointRecord, options),
    deleteCheckpoint: (id, options) => store.delete(keyOf(uploads, id), options),
    async rememberBlobs(places, options) {
      const hints = [...places].map(([digest, hint]) => [blobHintKey(digest), hint] as const);
      for (let first = 0; first < hints.length; first += writesAtOnce) {
        const batch = hints.slice(first, first + writesAtOnce);
        await Promise.all(batch.map(([key, hint]) => writeJson(store, key, hint, options)));
      }
    },
    findBlob: (digest, options) => readRecord(store, blobHintKey(digest), parseBlobHint, options),
  };
}

function keyOf(folder: string, id: string): string {
  if (!isArchiveId(id))
    throw new RecordUnreadableError("an id of the ledger holds letters that none of ours has");
  return `${folder}${id}.json`;
}

async function readRecord<T>(
  store: ObjectStore,
  key: string,
  parse: (value: unknown) => T,
  options: CallOptions = {},
): Promise<T | undefined> {
  try {
    return parse(await readJson(store, key, options));
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
}

async function* listIds(
  store: ObjectStore,
  folder: string,
  options: CallOptions = {},
): AsyncIterable<string> {
  let cursor: string | undefined;
  do {
    const page = await store.list(folder, { ...options, ...(cursor === undefined ? {} : { cursor }) });
    for (const object of page.objects) {
      const id = object.key.slice(folder.length).replace(/\.json$/, "");
      if (isArchiveId(id) && object.key === keyOf(folder, id)) yield id;
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
}
