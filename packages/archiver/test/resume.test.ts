import { setImmediate as tick } from "node:timers/promises";

import { InternalError } from "@layaway/errors";
import { DestinationDeniedError, DestinationUnavailableError, type ObjectStore } from "@layaway/object-store";
import { createMemoryStore } from "@layaway/object-store/memory";
import { sha256Of } from "@layaway/oci";
import { describe, expect, it } from "vitest";

import {
  abandonUpload,
  type ArchiveEvent,
  archiveImage,
  type ArchiveOptions,
  type Checkpoint,
  type Checkpoints,
} from "../src/index.ts";
import { bytesOf, imageOf, noDelay, readAll, sourceOf } from "./fixtures.ts";

const MiB = 1024 * 1024;
const partSizeBytes = 5 * MiB;
const partsInFlight = 2;
/** One layer over many parts, between two smaller ones. */
const layers = [bytesOf("a", 3 * MiB), bytesOf("b", 52 * MiB + 11), bytesOf("c", 4 * MiB)];
const image = imageOf(layers);
const largest = sha256Of(layers[1] ?? Buffer.alloc(0));

interface Kept extends Checkpoints {
  value: Checkpoint | undefined;
}

/** Keeps it as the ledger does, by way of JSON. */
function kept(): Kept {
  return {
    value: undefined,
    load() {
      return Promise.resolve(this.value);
    },
    save(checkpoint) {
      this.value = JSON.parse(JSON.stringify(checkpoint)) as Checkpoint;
      return Promise.resolve();
    },
    clear() {
      this.value = undefined;
      return Promise.resolve();
    },
  };
}

/** The store, which counts what is uploaded, takes parts in no order, and can be told to fail. */
function watched(inner: ObjectStore, beforePart: (number: number) => void = () => {}) {
  const numbers: number[] = [];
  const store: ObjectStore = {
    ...inner,
    async uploadPart(upload, number, bytes, call) {
      beforePart(number);
      numbers.push(number);
      // Every second part takes longer than the one behind it.
      if (number % 2 === 1) for (let turn = 0; turn < 60; turn += 1) await tick();
      return inner.uploadPart(upload, number, bytes, call);
    },
  };
  return { store, numbers };
}

function options(store: ObjectStore, more: Partial<ArchiveOptions> = {}): ArchiveOptions {
  return {
    reference: image.reference,
    source: sourceOf(image, layers),
    store,
    partSizeBytes,
    partsInFlight,
    rate: () => 8 * MiB,
    retries: noDelay,
    signal: new AbortController().signal,
    ...more,
  };
}

/** The object as it stands when nothing is interrupted. */
async function undisturbed(): Promise<Buffer> {
  const store = createMemoryStore();
  const { key } = await archiveImage(options(store));
  return readAll(await store.get(key));
}

/** Stops an attempt when it is about to send part `number`, as a signal to the worker does. */
async function interrupted(
  inner: ObjectStore,
  checkpoints: Checkpoints,
  number: number,
  rate: number | undefined,
): Promise<void> {
  const stopping = new AbortController();
  const { store } = watched(inner, (next) => {
    if (next === number) stopping.abort();
  });
  const attempt = archiveImage(options(store, { checkpoints, rate: () => rate, signal: stopping.signal }));
  await expect(attempt).rejects.toMatchObject({ code: "cancelled" });
}

describe("an archive that was interrupted in the middle of a layer", () => {
  it.each([
    { what: "under a limit goes on at the same byte", rate: 8 * MiB, again: 0 },
    {
      what: "without a limit reads the layer's beginning again, for its digest alone",
      rate: undefined,
      again: 27,
    },
  ])("$what", async ({ rate, again }) => {
    const inner = createMemoryStore();
    const checkpoints = kept();
    await interrupted(inner, checkpoints, 7, rate);
    expect(checkpoints.value).toMatchObject({ partsDone: expect.any(Number), open: { digest: largest } });
    const done = checkpoints.value?.partsDone ?? 0;
    // What was in flight is lost, and no more.
    expect(done).toBeGreaterThanOrEqual(6 - partsInFlight);
    expect(await inner.listUploads("")).toHaveLength(1);

    const source = sourceOf(image, layers);
    const events: ArchiveEvent[] = [];
    const { store, numbers } = watched(inner);
    const onEvent = (event: ArchiveEvent): void => void events.push(event);
    const result = await archiveImage(options(store, { checkpoints, source, rate: () => rate, onEvent }));

    expect(Math.min(...numbers)).toBe(done + 1);
    expect(events).toContainEqual({ kind: "resumed", sizeBytes: done * partSizeBytes });
    const read = source.reads.reduce((sum, { length }) => sum + length, 0);
    const missing = result.sizeBytes - done * partSizeBytes;
    expect(Math.floor((read - missing) / MiB)).toBeGreaterThanOrEqual(
      again === 0 ? -1 : (done - 1) * 5 - 3 - 1,
    );
    expect(read - missing).toBeLessThanOrEqual(again === 0 ? 0 : done * partSizeBytes);
    expect((await readAll(await inner.get(result.key))).equals(await undisturbed())).toBe(true);
    expect(await inner.listUploads("")).toEqual([]);
    expect(checkpoints.value).toBeUndefined();
  });

  it("can be interrupted at every part, and still loses at most what was in flight", async () => {
    const inner = createMemoryStore();
    const checkpoints = kept();
    let read = 0;
    for (let number = 1; number <= 12; number += 1) {
      const source = sourceOf(image, layers);
      const stopping = new AbortController();
      const { store } = watched(inner, (next) => {
        if (next === number) stopping.abort();
      });
      const all = { checkpoints, source, signal: stopping.signal };
      await archiveImage(options(store, all)).catch(() => {});
      read += source.reads.reduce((sum, { length }) => sum + length, 0);
    }
    const { key, sizeBytes } = await archiveImage(options(inner, { checkpoints }));
    expect((await readAll(await inner.get(key))).equals(await undisturbed())).toBe(true);
    expect(read).toBeLessThanOrEqual(sizeBytes + 12 * (partsInFlight + 1) * partSizeBytes);
    expect(await inner.listUploads("")).toEqual([]);
  });

  it("is begun anew where a part that was said to be done is not in the store, or cut another way", async () => {
    for (const spoil of [
      (value: Checkpoint): Checkpoint => ({ ...value, partsDone: value.partsDone + 3 }),
      (value: Checkpoint): Checkpoint => ({ ...value, layout: "other" }),
      (value: Checkpoint): Checkpoint => ({ ...value, fingerprint: "other" }),
      (value: Checkpoint): Checkpoint => ({ ...value, uploadId: "gone" }),
    ]) {
      const inner = createMemoryStore();
      const checkpoints = kept();
      await interrupted(inner, checkpoints, 5, 8 * MiB);
      if (checkpoints.value !== undefined) checkpoints.value = spoil(checkpoints.value);
      const isGone = checkpoints.value?.uploadId === "gone";
      const { store, numbers } = watched(inner);
      const { key } = await archiveImage(options(store, { checkpoints }));
      expect(numbers).toContain(1);
      expect((await readAll(await inner.get(key))).equals(await undisturbed())).toBe(true);
      // The upload of before is ended too; one whose name was lost is for the bucket's lifecycle rule.
      expect(await inner.listUploads("")).toHaveLength(isGone ? 1 : 0);
    }
  });

  it("hashes a layer again whose state cannot be read, and begins anew where a state is another's", async () => {
    for (const state of ["AAAA", undefined]) {
      const inner = createMemoryStore();
      const checkpoints = kept();
      await interrupted(inner, checkpoints, 7, 8 * MiB);
      const { value } = checkpoints;
      if (value?.open === undefined) throw new Error("no open blob");
      checkpoints.value = { ...value, open: { ...value.open, state } };
      const { key } = await archiveImage(options(inner, { checkpoints }));
      expect((await readAll(await inner.get(key))).equals(await undisturbed())).toBe(true);
    }
    const inner = createMemoryStore();
    const early = kept();
    await interrupted(inner, early, 4, 8 * MiB);
    const late = kept();
    await interrupted(inner, late, 9, 8 * MiB);
    const { value } = late;
    if (value?.open === undefined || early.value?.open === undefined) throw new Error("no open blob");
    // Unverified bytes must not become visible whatever the checkpoint says.
    late.value = { ...value, open: { ...value.open, state: early.value.open.state } };
    const { store, numbers } = watched(inner);
    const { key } = await archiveImage(options(store, { checkpoints: late }));
    expect(numbers).toContain(1);
    expect((await readAll(await inner.get(key))).equals(await undisturbed())).toBe(true);
  });
});

describe("what an interrupted upload holds is not believed", () => {
  it.each([
    { what: "under a limit", rate: 8 * MiB },
    { what: "without one", rate: undefined },
  ])("where a part of it was replaced by somebody, $what", async ({ rate }) => {
    const inner = createMemoryStore();
    const checkpoints = kept();
    await interrupted(inner, checkpoints, 8, rate);
    const { value } = checkpoints;
    if (value === undefined) throw new Error("no checkpoint");
    await inner.uploadPart(value, 3, Buffer.alloc(partSizeBytes, 1));
    const { store, numbers } = watched(inner);
    const { key } = await archiveImage(options(store, { checkpoints, rate: () => rate }));
    expect(numbers).toContain(1);
    expect((await readAll(await inner.get(key))).equals(await undisturbed())).toBe(true);
    expect(await inner.listUploads("")).toEqual([]);
  });

  it.each([
    { what: "under a limit", rate: 8 * MiB },
    { what: "without one", rate: undefined },
  ])("where the source gave other bytes than it gives now, $what", async ({ rate }) => {
    const inner = createMemoryStore();
    const checkpoints = kept();
    const { store: failing } = watched(inner, (number) => {
      if (number === 8) throw new DestinationUnavailableError("away");
    });
    const hurt = sourceOf(image, layers, {
      tamper(blob, bytes) {
        if (blob.digest !== largest) return bytes;
        const copy = Buffer.from(bytes);
        copy[8 * MiB] = (copy[8 * MiB] ?? 0) ^ 1;
        return copy;
      },
    });
    const first = options(failing, { checkpoints, source: hurt, rate: () => rate });
    await expect(archiveImage(first)).rejects.toThrow("away");
    expect(checkpoints.value?.partsDone).toBeGreaterThan(2);
    const { key } = await archiveImage(options(inner, { checkpoints, rate: () => rate }));
    expect((await readAll(await inner.get(key))).equals(await undisturbed())).toBe(true);
    expect(await inner.listUploads("")).toEqual([]);
  });

  it("where the checkpoint says nothing of the blob that goes on, or nothing that vouches for it", async () => {
    for (const open of [undefined, { digest: largest, sizeBytes: 5 }, { digest: largest }]) {
      const inner = createMemoryStore();
      const checkpoints = kept();
      await interrupted(inner, checkpoints, 8, 8 * MiB);
      const { value } = checkpoints;
      if (value?.open === undefined) throw new Error("no open blob");
      checkpoints.value = {
        ...value,
        open: open === undefined ? undefined : { sizeBytes: value.open.sizeBytes, ...open },
      };
      const { store, numbers } = watched(inner);
      const { key } = await archiveImage(options(store, { checkpoints }));
      expect(numbers).toContain(1);
      expect((await readAll(await inner.get(key))).equals(await undisturbed())).toBe(true);
    }
  });
});

it("an upload of which nothing could be written down is not left open", async () => {
  const inner = createMemoryStore();
  const away = (): Promise<never> => Promise.reject(new DestinationUnavailableError("away"));
  const { store } = watched(inner, (number) => {
    if (number === 4) throw new DestinationUnavailableError("away");
  });
  const checkpoints = { load: () => Promise.resolve(undefined), save: away, clear: away };
  await expect(archiveImage(options(store, { checkpoints }))).rejects.toThrow("away");
  expect(await inner.listUploads("")).toEqual([]);
});

it("a checkpoint that names a successor's upload is left alone", async () => {
  const inner = createMemoryStore();
  const checkpoints = kept();
  const { store } = watched(inner, (number) => {
    if (number !== 4) return;
    const { value } = checkpoints;
    if (value !== undefined) checkpoints.value = { ...value, uploadId: "of-a-successor" };
    throw new DestinationDeniedError("denied");
  });
  await expect(archiveImage(options(store, { checkpoints }))).rejects.toThrow("denied");
  expect(checkpoints.value?.uploadId).toBe("of-a-successor");
});

describe("an upload is kept", () => {
  const failing = async (error: Error): Promise<{ readonly open: number; readonly checkpoints: Kept }> => {
    const inner = createMemoryStore();
    const checkpoints = kept();
    const { store } = watched(inner, (number) => {
      if (number === 4) throw error;
    });
    await expect(archiveImage(options(store, { checkpoints }))).rejects.toBe(error);
    const open = (await inner.listUploads("")).length;
    if (open > 0) {
      await abandonUpload({ store: inner, checkpoints, retries: noDelay });
      expect(await inner.listUploads("")).toEqual([]);
      expect(checkpoints.value).toBeUndefined();
    }
    return { open, checkpoints };
  };

  it("after an error that may pass, until it is abandoned", async () => {
    expect((await failing(new DestinationUnavailableError("away"))).open).toBe(1);
  });

  it.each([new DestinationDeniedError("denied"), new InternalError("a defect")])(
    "not after one that will not: %s",
    async (error) => {
      const { open, checkpoints } = await failing(error);
      expect([open, checkpoints.value]).toEqual([error.retryable ? 1 : 0, undefined]);
    },
  );

  it("not without a place for its checkpoint", async () => {
    const inner = createMemoryStore();
    const { store } = watched(inner, (number) => {
      if (number === 4) throw new DestinationUnavailableError("away");
    });
    await expect(archiveImage(options(store))).rejects.toThrow("away");
    expect(await inner.listUploads("")).toEqual([]);
  });
});

it("a checkpoint that cannot be written or read costs nothing but what it would have saved", async () => {
  const store = createMemoryStore();
  const away = (): Promise<never> => Promise.reject(new DestinationUnavailableError("away"));
  const { key } = await archiveImage(
    options(store, { checkpoints: { load: away, save: away, clear: away } }),
  );
  expect((await readAll(await store.get(key))).equals(await undisturbed())).toBe(true);
});

it("an upload that another worker completed is not made a second time", async () => {
  const inner = createMemoryStore();
  const checkpoints = kept();
  await interrupted(inner, checkpoints, 5, 8 * MiB);
  const others = Object.assign(kept(), { value: checkpoints.value });
  // The other worker goes on with the same upload and completes it while this one sends its first part.
  let otherIsDone: Promise<unknown> | undefined;
  const source = sourceOf(image, layers, {
    async onRead() {
      otherIsDone ??= archiveImage(options(inner, { checkpoints: others }));
      await otherIsDone;
    },
  });
  const result = await archiveImage(options(inner, { checkpoints, source }));
  expect(result.outcome).toBe("already-there");
  const read = source.reads.reduce((sum, { length }) => sum + length, 0);
  expect(read).toBeLessThan(result.sizeBytes / 2);
  expect((await readAll(await inner.get(result.key))).equals(await undisturbed())).toBe(true);
  expect(await inner.listUploads("")).toEqual([]);
});
