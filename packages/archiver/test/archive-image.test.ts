import { setTimeout as delay } from "node:timers/promises";

import type { ObjectStore } from "@layaway/object-store";
import { DestinationUnavailableError, ObjectConflictError, UploadNotFoundError } from "@layaway/object-store";
import { createMemoryStore } from "@layaway/object-store/memory";
import { parseReference, sha256Of } from "@layaway/oci";
import { extract } from "tar-stream";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";

import { type ArchiveEvent, archiveImage, type ArchiveOptions, createProgressTally } from "../src/index.ts";
import { bytesOf, imageOf, noDelay, readAll, sourceOf } from "./fixtures.ts";

const MiB = 1024 * 1024;
/** Two layers that cross part boundaries, and one that is small. */
const layers = [bytesOf("a", 11 * MiB + 3), bytesOf("b", 700), bytesOf("c", 6 * MiB)];
const image = imageOf(layers);

function options(store: ObjectStore, more: Partial<ArchiveOptions> = {}): ArchiveOptions {
  return {
    reference: image.reference,
    source: sourceOf(image, layers),
    store,
    partSizeBytes: 5 * MiB,
    partsInFlight: 2,
    windowsInFlight: 3,
    rate: () => 2 * MiB,
    retries: noDelay,
    signal: new AbortController().signal,
    ...more,
  };
}

/** The store, with some of its verbs replaced. */
function withVerbs(store: ObjectStore, verbs: (inner: ObjectStore) => Partial<ObjectStore>): ObjectStore {
  return { ...store, ...verbs(store) };
}

async function entriesOf(tar: Buffer): Promise<Map<string, Buffer>> {
  const entries = new Map<string, Buffer>();
  const reader = Readable.from([tar]).pipe(extract());
  for await (const entry of reader)
    entries.set(entry.header.name, await readAll(entry as AsyncIterable<Uint8Array>));
  return entries;
}

describe("archiveImage", () => {
  it("writes a tar that another reader reads, with every layer byte for byte", async () => {
    const store = createMemoryStore();
    const result = await archiveImage(options(store));
    const tar = await readAll(await store.get(result.key));
    expect(tar.length).toBe(result.sizeBytes);
    const entries = await entriesOf(tar);
    for (const layer of layers) {
      const name = `blobs/sha256/${sha256Of(layer).slice(7)}`;
      expect(entries.get(name)?.equals(layer), name).toBe(true);
    }
    for (const layer of result.layers) {
      expect(sha256Of(tar.subarray(layer.offset, layer.offset + layer.size))).toBe(layer.digest);
    }
    expect(result.outcome).toBe("archived");
    expect(await store.listUploads("")).toEqual([]);
  });

  it("writes the same bytes whatever the part size, the windows and the order in which they arrive", async () => {
    const objects = [];
    for (const [partSizeBytes, rate] of [
      [5 * MiB, 300_000],
      [9 * MiB, undefined],
      [16 * MiB, 4 * MiB],
    ] as const) {
      const store = createMemoryStore();
      let turn = 0;
      const source = sourceOf(image, layers, {
        onRead: () => (turn++ % 3 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined),
      });
      const { key } = await archiveImage(options(store, { partSizeBytes, rate: () => rate, source }));
      objects.push(sha256Of(await readAll(await store.get(key))));
    }
    expect(new Set(objects).size).toBe(1);
  });

  it("moves zero bytes when the archive stands already", async () => {
    const store = createMemoryStore();
    const first = await archiveImage(options(store));
    const source = sourceOf(image, layers);
    const events: ArchiveEvent[] = [];
    const again = await archiveImage(options(store, { source, onEvent: (event) => events.push(event) }));
    expect(again).toEqual({ ...first, outcome: "already-there" });
    expect(source.reads).toEqual([]);
    expect(events.filter((event) => event.kind === "fetched")).toEqual([]);
  });

  it("keeps one image under two names in two archives", async () => {
    const store = createMemoryStore();
    const first = await archiveImage(options(store));
    const name = parseReference("partner.example.com/models/app:2");
    const second = await archiveImage(options(store, { name }));
    expect(second).toMatchObject({
      outcome: "archived",
      digest: first.digest,
      key: `partner.example.com/models/app/2@${first.digest.replace(":", "-")}.tar`,
    });
    expect((await store.head(first.key))?.etag).toBe(first.etag);
    expect((await archiveImage(options(store, { name }))).outcome).toBe("already-there");
  });

  it("leaves another object that stands under the key as it is", async () => {
    const store = createMemoryStore();
    await store.put("taken.tar", Buffer.from("somebody's"));
    await expect(archiveImage(options(store, { key: "taken.tar" }))).rejects.toThrow(ObjectConflictError);
    expect((await readAll(await store.get("taken.tar"))).toString()).toBe("somebody's");
    expect(await store.listUploads("")).toEqual([]);
  });

  it("does not take an object of the same size for the archive", async () => {
    const store = createMemoryStore();
    const { key, sizeBytes } = await archiveImage(options(createMemoryStore()));
    await store.put(key, Buffer.alloc(sizeBytes), { metadata: { "layaway-fingerprint": "another" } });
    await expect(archiveImage(options(store))).rejects.toThrow(ObjectConflictError);
  });

  it("replaces another object where that is asked for", async () => {
    const store = createMemoryStore();
    await store.put("taken.tar", Buffer.from("somebody's"));
    const { sizeBytes } = await archiveImage(options(store, { key: "taken.tar", overwrite: true }));
    expect((await store.head("taken.tar"))?.sizeBytes).toBe(sizeBytes);
  });

  it("never hands over a part in which a blob ends whose digest does not hold, and tries once more from the start", async () => {
    const store = createMemoryStore();
    const sent: number[] = [];
    const watched = withVerbs(store, (inner) => ({
      uploadPart(upload, number, bytes, callOptions) {
        sent.push(number);
        return inner.uploadPart(upload, number, bytes, callOptions);
      },
    }));
    const flipped = sourceOf(image, layers, {
      tamper(blob, bytes) {
        if (blob.digest !== sha256Of(layers[0] ?? Buffer.alloc(0))) return bytes;
        const copy = Buffer.from(bytes);
        copy[17] = (copy[17] ?? 0) ^ 1;
        return copy;
      },
    });
    await expect(archiveImage(options(watched, { source: flipped }))).rejects.toMatchObject({
      code: "digest_mismatch",
    });
    // The first layer ends in part 3 of 4; parts 1 and 2 may go out before, in both attempts.
    expect(sent.filter((number) => number >= 3)).toEqual([]);
    expect(sent.filter((number) => number === 1).length).toBe(2);
    expect(await store.listUploads("")).toEqual([]);
    expect((await store.list("")).objects).toEqual([]);
  });

  it("heals bytes that were corrupt once", async () => {
    const store = createMemoryStore();
    const source = sourceOf(image, layers, {
      tamper: (_blob, bytes, opened) => (opened === 1 ? Buffer.alloc(bytes.length) : bytes),
    });
    const { key } = await archiveImage(options(store, { source }));
    expect(await store.head(key)).toBeDefined();
    expect(await store.listUploads("")).toEqual([]);
  });

  it("sends a failed part again from memory, without asking the registry", async () => {
    const store = createMemoryStore();
    const failed = new Set<number>();
    const flaky = withVerbs(store, (inner) => ({
      uploadPart(upload, number, bytes, callOptions) {
        if (!failed.has(number)) {
          failed.add(number);
          return Promise.reject(new DestinationUnavailableError("503 SlowDown"));
        }
        return inner.uploadPart(upload, number, bytes, callOptions);
      },
    }));
    const source = sourceOf(image, layers);
    const events: ArchiveEvent[] = [];
    const { key } = await archiveImage(options(flaky, { source, onEvent: (event) => events.push(event) }));
    const readBytes = source.reads.reduce((sum, read) => sum + read.length, 0);
    expect(readBytes).toBe(layers.reduce((sum, layer) => sum + layer.length, 0));
    expect(events.filter((event) => event.kind === "retry").length).toBe(failed.size);
    expect(failed.size).toBeGreaterThan(2);
    expect(await store.head(key)).toBeDefined();
  });

  it("ends with the first error and no open upload when the store stays away", async () => {
    const store = createMemoryStore();
    const broken = withVerbs(store, () => ({
      uploadPart: () => Promise.reject(new DestinationUnavailableError("PUT part: connection refused")),
    }));
    await expect(archiveImage(options(broken))).rejects.toMatchObject({ code: "destination_unavailable" });
    expect(await store.listUploads("")).toEqual([]);
  });

  it("ends promptly when it is cancelled in the middle of a window, and leaves nothing", async () => {
    const store = createMemoryStore();
    const controller = new AbortController();
    let reads = 0;
    const source = sourceOf(image, layers, {
      onRead() {
        reads += 1;
        if (reads === 6) controller.abort();
      },
    });
    await expect(archiveImage(options(store, { source, signal: controller.signal }))).rejects.toMatchObject({
      code: "cancelled",
    });
    expect(source.inFlight.now).toBe(0);
    expect(await store.listUploads("")).toEqual([]);
    expect((await store.list("")).objects).toEqual([]);
  });

  it("counts a commit whose answer was lost as done", async () => {
    const store = createMemoryStore();
    const deaf = withVerbs(store, (inner) => ({
      async completeUpload(upload, parts, callOptions) {
        await inner.completeUpload(upload, parts, callOptions);
        throw new DestinationUnavailableError("socket hang up");
      },
    }));
    const { key, etag } = await archiveImage(options(deaf));
    expect((await store.head(key))?.etag).toBe(etag);
  });

  it("is harmless beside another worker that commits the same archive first", async () => {
    const store = createMemoryStore();
    const late = withVerbs(store, (inner) => ({
      async completeUpload(upload, parts, callOptions) {
        await archiveImage(options(inner));
        return inner.completeUpload(upload, parts, callOptions);
      },
    }));
    const { key, etag } = await archiveImage(options(late));
    expect((await store.head(key))?.etag).toBe(etag);
    expect(await store.listUploads("")).toEqual([]);
  });

  it("starts once more when its upload was aborted by somebody", async () => {
    const store = createMemoryStore();
    let aborted = false;
    const swept = withVerbs(store, (inner) => ({
      async uploadPart(upload, number, bytes, callOptions) {
        if (!aborted) {
          aborted = true;
          await inner.abortUpload(upload);
          throw new UploadNotFoundError("NoSuchUpload");
        }
        return inner.uploadPart(upload, number, bytes, callOptions);
      },
    }));
    const { key } = await archiveImage(options(swept, { retries: { ...noDelay, attempts: 1 } }));
    expect(await store.head(key)).toBeDefined();
  });

  it("never reads more windows at a time, nor runs further ahead of the store, than it is allowed", async () => {
    const store = createMemoryStore();
    const source = sourceOf(image, layers);
    let stored = 0;
    let ahead = 0;
    const slow = withVerbs(store, (inner) => ({
      async uploadPart(upload, number, bytes, callOptions) {
        // Long enough for the reading side to go as far as it may.
        for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        const read = source.reads.reduce((sum, { length }) => sum + length, 0);
        ahead = Math.max(ahead, read - stored);
        stored += bytes.length;
        return inner.uploadPart(upload, number, bytes, callOptions);
      },
    }));
    await archiveImage(options(slow, { source, partsInFlight: 1, windowsInFlight: 2, rate: () => 1 * MiB }));
    expect(source.inFlight.most).toBe(2);
    expect(ahead).toBeLessThanOrEqual(2 * 5 * MiB);
  });

  it("lets the store copy a layer that stands in another archive, and fetches nothing of it", async () => {
    const store = createMemoryStore();
    const first = await archiveImage(options(store));
    const places = new Map(
      first.layers.map((layer) => [layer.digest, { key: first.key, etag: first.etag, offset: layer.offset }]),
    );
    const base = layers[0] ?? Buffer.alloc(0);
    const added = bytesOf("added", 900_000);
    const next = imageOf([base, added], "registry.test/team/app:2");
    const source = sourceOf(next, [base, added]);
    const tally = createProgressTally(() => 0);
    const result = await archiveImage(
      options(store, {
        reference: next.reference,
        source,
        findBlob: (digest) => Promise.resolve(places.get(digest)),
        onEvent: (event) => tally.take(event),
      }),
    );
    expect(new Set(source.reads.map((read) => read.digest))).toEqual(new Set([sha256Of(added)]));
    const tar = await readAll(await store.get(result.key));
    for (const layer of result.layers) {
      expect(sha256Of(tar.subarray(layer.offset, layer.offset + layer.size))).toBe(layer.digest);
    }
    expect(tally.read().bytes).toMatchObject({
      done: result.sizeBytes,
      fetched: added.length,
      reused: base.length,
    });
  });

  it("reads the edge of a copied layer again when the store was away, and takes nothing for it that is too short", async () => {
    const store = createMemoryStore();
    const first = await archiveImage(options(store));
    const places = new Map(
      first.layers.map((layer) => [layer.digest, { key: first.key, etag: first.etag, offset: layer.offset }]),
    );
    const base = layers[0] ?? Buffer.alloc(0);
    const next = imageOf([base, bytesOf("added", 900_000)], "registry.test/team/app:2");
    const archiveNext = async (get: ObjectStore["get"], key: string) => {
      const source = sourceOf(next, [base, bytesOf("added", 900_000)]);
      const result = await archiveImage(
        options(
          withVerbs(store, () => ({ get })),
          {
            reference: next.reference,
            key,
            source,
            findBlob: (digest) => Promise.resolve(places.get(digest)),
          },
        ),
      );
      const tar = await readAll(await store.get(result.key));
      for (const { digest, offset, size } of result.layers)
        expect(sha256Of(tar.subarray(offset, offset + size))).toBe(digest);
      return source.reads.some((read) => read.digest === sha256Of(base));
    };
    let failed = false;
    const awayOnce: ObjectStore["get"] = (key, callOptions) => {
      if (failed) return store.get(key, callOptions);
      failed = true;
      return Promise.reject(new DestinationUnavailableError("503 SlowDown"));
    };
    expect(await archiveNext(awayOnce, "away.tar")).toBe(false);
    expect(failed).toBe(true);
    const short: ObjectStore["get"] = async (key, callOptions) => {
      const bytes = await readAll(await store.get(key, callOptions));
      return Readable.from([bytes.subarray(1)]);
    };
    expect(await archiveNext(short, "short.tar")).toBe(true);
  });

  it("fetches a layer whose hint has gone stale", async () => {
    const store = createMemoryStore();
    const stale = { key: "gone.tar", etag: "x", offset: 0 };
    const source = sourceOf(image, layers);
    await archiveImage(options(store, { source, findBlob: () => Promise.resolve(stale) }));
    expect(source.reads.length).toBeGreaterThan(0);
  });
});

it("a copied layer's edges are read from the very object that the rest was copied from", async () => {
  const inner = createMemoryStore();
  const first = await archiveImage(options(inner));
  const base = layers[0] ?? Buffer.alloc(0);
  const copied = first.layers.find(({ digest }) => digest === sha256Of(base));
  if (copied === undefined) throw new Error("no layer");
  const place = { key: first.key, etag: first.etag, offset: copied.offset };
  const otherLayers = [base, bytesOf("other", 2 * MiB)];
  const other = imageOf(otherLayers, "registry.test/team/app:2");
  let reads = 0;
  // Somebody replaces the object behind the hint by one of the same size, after the copies were made.
  const store = withVerbs(inner, (verbs) => ({
    async get(key, call) {
      if (key === first.key) {
        reads += 1;
        // The copies are made by then.
        await delay(50);
        await verbs.put(key, Buffer.alloc(first.sizeBytes, 7));
      }
      return verbs.get(key, call);
    },
  }));
  const result = await archiveImage({
    // Each edge is one window, so that the copies do not wait for it.
    ...options(store, { rate: () => undefined }),
    reference: other.reference,
    source: sourceOf(other, otherLayers),
    findBlob: (digest) => Promise.resolve(digest === copied.digest ? place : undefined),
  });
  expect(reads).toBeGreaterThan(0);
  const entries = await entriesOf(await readAll(await inner.get(result.key)));
  expect(entries.get(`blobs/sha256/${copied.digest.slice(7)}`)?.equals(base)).toBe(true);
});
