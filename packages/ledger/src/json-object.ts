import type { CallOptions, ObjectStore } from "@layaway/object-store";

import { RecordUnreadableError } from "./record-unreadable-error.ts";

/** A receipt of an image with a thousand layers has a fifth of it. */
const maxRecordBytes = 1024 * 1024;

export async function writeJson(
  store: ObjectStore,
  key: string,
  value: unknown,
  options: CallOptions = {},
): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(value)}\n`);
  await store.put(key, bytes, { ...options, contentType: "application/json" });
}

export async function readJson(store: ObjectStore, key: string, options: CallOptions = {}): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of await store.get(key, options)) {
    sizeBytes += chunk.byteLength;
    if (sizeBytes > maxRecordBytes)
      throw new RecordUnreadableError(`unreadable record ${store.url(key)}: too large`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch {
    // The cause would quote the text.
    throw new RecordUnreadableError(`unreadable record ${store.url(key)}: not JSON`);
  }
}
