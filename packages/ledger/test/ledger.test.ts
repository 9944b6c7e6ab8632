import { createMemoryStore } from "@layaway/object-store/memory";
import type { ObjectStore } from "@layaway/object-store";
import { expect, test } from "vitest";

import {
  createLedger,
  newArchiveId,
  type Receipt,
  RecordUnreadableError,
  type RequestRecord,
} from "../src/index.ts";

function request(id: string, fields: Partial<RequestRecord> = {}): RequestRecord {
  return {
    version: 1,
    id,
    image: "registry.example.com/team/app:1.4.0",
    platform: "linux/amd64",
    destination: "models",
    priority: 50,
    labels: { team: "a" },
    createdAt: "2026-01-01T00:00:00.000Z",
    ...fields,
  };
}

function receipt(id: string): Receipt {
  return {
    version: 1,
    id,
    outcome: "failed",
    request: request(id),
    layers: [{ digest: "sha256:aa", mediaType: "application/x", size: 3, offset: 512 }],
    bytes: { total: 10, done: 4, fetched: 5, reused: 0 },
    error: { code: "source_unavailable", message: "GET: 503", side: "source", retryable: true },
    finishedAt: "2026-01-01T00:01:00.000Z",
  };
}

async function put(store: ObjectStore, key: string, text: string): Promise<void> {
  await store.put(key, new TextEncoder().encode(text));
}

async function all(ids: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const id of ids) found.push(id);
  return found;
}

test("reads back what was written, from the documented keys", async () => {
  const store = createMemoryStore();
  const ledger = createLedger(store);
  const record = request("arc_1", {
    name: "app:1",
    callbackUrl: "https://hooks.example.com",
    requester: "ci",
  });
  await ledger.writeRequest(record);
  await ledger.writeReceipt(receipt("arc_1"));
  expect(await ledger.readRequest("arc_1")).toEqual(record);
  expect(await ledger.readReceipt("arc_1")).toEqual(receipt("arc_1"));
  expect((await store.list(".layaway/")).objects.map(({ key }) => key)).toEqual([
    ".layaway/receipts/arc_1.json",
    ".layaway/requests/arc_1.json",
  ]);
});

test("knows nothing of what was never written", async () => {
  const ledger = createLedger(createMemoryStore());
  expect(await ledger.readRequest("arc_1")).toBeUndefined();
  expect(await ledger.readReceipt("arc_1")).toBeUndefined();
  expect(await ledger.findBlob(`sha256:${"a".repeat(64)}`)).toBeUndefined();
});

test("may write the same again", async () => {
  const ledger = createLedger(createMemoryStore());
  await ledger.writeRequest(request("arc_1"));
  await ledger.writeRequest(request("arc_1"));
  expect(await ledger.readRequest("arc_1")).toEqual(request("arc_1"));
});

test.each([
  ["no JSON", "{"],
  ["another version", JSON.stringify({ ...request("arc_1"), version: 2 })],
  ["a missing field", JSON.stringify({ ...request("arc_1"), image: undefined })],
  ["more than a record can be", JSON.stringify({ ...request("arc_1"), image: "x".repeat(1024 * 1024) })],
])("refuses a record of %s, without quoting it", async (_what, text) => {
  const store = createMemoryStore();
  await put(store, ".layaway/requests/arc_1.json", text);
  const reading = createLedger(store).readRequest("arc_1");
  await expect(reading).rejects.toThrow(RecordUnreadableError);
  await expect(reading).rejects.toThrow(/^(?!.*registry\.example)/);
});

test("drops fields that a newer version has added", async () => {
  const store = createMemoryStore();
  await put(store, ".layaway/requests/arc_1.json", JSON.stringify({ ...request("arc_1"), added: true }));
  expect(await createLedger(store).readRequest("arc_1")).toEqual(request("arc_1"));
});

test.each(["", "arc_", "../x", "arc_../x", "arc_A", "arc_1/2", "arc_1.json", `arc_${"0".repeat(65)}`])(
  "makes no key of the id %j",
  async (id) => {
    const ledger = createLedger(createMemoryStore());
    await expect((async () => ledger.readRequest(id))()).rejects.toThrow(RecordUnreadableError);
    await expect((async () => ledger.writeRequest(request(id)))()).rejects.toThrow(RecordUnreadableError);
  },
);

test("lists the ids of all requests and all receipts, oldest first, and nothing else that stands there", async () => {
  const store = createMemoryStore();
  const ledger = createLedger(store);
  const ids = [3, 1, 2].map((ms) => newArchiveId(1_767_225_600_000 + ms));
  for (const id of ids) await ledger.writeRequest(request(id));
  await ledger.writeReceipt(receipt("arc_9"));
  await put(store, ".layaway/requests/README.txt", "hello");
  await put(store, ".layaway/requests/arc_1/x.json", "hello");
  expect(await all(ledger.listRequests())).toEqual(ids.toSorted());
  expect(await all(ledger.listReceipts())).toEqual(["arc_9"]);
});

test("remembers where blobs stand, the newest word counting", async () => {
  const ledger = createLedger(createMemoryStore());
  const digests = Array.from({ length: 20 }, (_, number) => `sha256:${String(number).padStart(64, "0")}`);
  await ledger.rememberBlobs(
    new Map(digests.map((digest, offset) => [digest, { key: "a.tar", etag: "1", offset }])),
  );
  await ledger.rememberBlobs(new Map([[digests[7] ?? "", { key: "b.tar", etag: "2", offset: 0 }]]));
  expect(await ledger.findBlob(digests[19] ?? "")).toEqual({ key: "a.tar", etag: "1", offset: 19 });
  expect(await ledger.findBlob(digests[7] ?? "")).toEqual({ key: "b.tar", etag: "2", offset: 0 });
  await expect((async () => ledger.findBlob("sha256:../../x"))()).rejects.toThrow(RecordUnreadableError);
});

test("gives up when its caller does", async () => {
  const ledger = createLedger(createMemoryStore());
  const signal = AbortSignal.abort();
  await expect(ledger.writeRequest(request("arc_1"), { signal })).rejects.toThrow();
});
