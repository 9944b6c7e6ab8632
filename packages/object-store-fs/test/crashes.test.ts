import { link, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { InvalidRequestError } from "@layaway/errors";
import { ObjectConflictError, UploadNotFoundError } from "@layaway/object-store";
import { createFsStore } from "@layaway/object-store-fs";
import { expect, test } from "vitest";

import { ownFiles, temporaryStore, uploadWith } from "./temporary-store.ts";

const dataOf = (directory: string, uploadId: string, slotBytes: number): string =>
  join(directory, ".layaway-store", "uploads", uploadId, `data-${slotBytes}`);

test("the file that parts of equal size were written to becomes the object: no byte moves twice", async () => {
  const { directory, store } = await temporaryStore();
  const upload = await store.createUpload("app.tar");
  const part = (number: number, size: number) => store.uploadPart(upload, number, Buffer.alloc(size, number));
  const [third, first, second] = await Promise.all([part(3, 40), part(1, 100), part(2, 100)]);
  const written = await stat(dataOf(directory, upload.uploadId, 100));
  await store.completeUpload(upload, [first, second, third]);
  const object = await stat(join(directory, "app.tar"));
  expect([object.ino, object.size, object.nlink]).toEqual([written.ino, 240, 1]);
  const expected = Buffer.concat([Buffer.alloc(100, 1), Buffer.alloc(100, 2), Buffer.alloc(40, 3)]);
  expect(await readFile(join(directory, "app.tar"))).toEqual(expected);
});

test("parts that were left out of the completion leave no bytes behind", async () => {
  const { directory, store } = await temporaryStore();
  const { upload, parts } = await uploadWith(store, "app.tar", [100, 100, 100]);
  await store.completeUpload(upload, parts.slice(0, 2));
  expect((await readFile(join(directory, "app.tar"))).length).toBe(200);
});

test("an upload is gone on with and completed by another process", async () => {
  const { directory, store } = await temporaryStore();
  const { upload } = await uploadWith(store, "app.tar", [100]);
  const other = createFsStore({ directory });
  await other.uploadPart(upload, 2, Buffer.alloc(30, 2));
  await other.completeUpload(upload, await other.listParts(upload));
  expect(await other.head("app.tar")).toMatchObject({ sizeBytes: 130, metadata: { plan: "0123" } });
  await expect(store.listParts(upload)).rejects.toBeInstanceOf(UploadNotFoundError);
});

test("a crash while a part is written anew leaves no part rather than a mixed one", async () => {
  const { store } = await temporaryStore();
  const { upload, parts } = await uploadWith(store, "app.tar", [8_000_000, 10]);
  const stop = new AbortController();
  const again = store.uploadPart(upload, 1, Buffer.alloc(8_000_000, 9), { signal: stop.signal });
  stop.abort();
  await expect(again).rejects.toMatchObject({ code: "cancelled" });
  expect((await store.listParts(upload)).map(({ number }) => number)).toEqual([2]);
  await expect(store.completeUpload(upload, parts)).rejects.toBeInstanceOf(InvalidRequestError);
  expect(await store.head("app.tar")).toBeUndefined();
});

test("a completion that crashed behind its link is completed by the next one", async () => {
  const { directory, store } = await temporaryStore();
  const { upload, parts } = await uploadWith(store, "app.tar", [100, 20]);
  // As a process leaves it that dies between the link and the removal of the upload.
  await link(dataOf(directory, upload.uploadId, 100), join(directory, "app.tar"));
  const { etag } = await store.completeUpload(upload, parts);
  expect(await store.head("app.tar")).toMatchObject({ etag, sizeBytes: 120 });
  expect(await ownFiles(directory, "uploads")).toEqual([]);
});

test("nobody writes to a data file that has become visible", async () => {
  const { directory, store } = await temporaryStore();
  const { upload } = await uploadWith(store, "app.tar", [100]);
  await link(dataOf(directory, upload.uploadId, 100), join(directory, "app.tar"));
  const late = store.uploadPart(upload, 1, Buffer.alloc(100, 9));
  await expect(late).rejects.toBeInstanceOf(UploadNotFoundError);
  expect(await readFile(join(directory, "app.tar"))).toEqual(Buffer.alloc(100, 1));
});

test("parts that are still being written are waited for before a file becomes visible", async () => {
  const { directory, store } = await temporaryStore();
  const { upload, parts } = await uploadWith(store, "app.tar", [8_000_000]);
  const repeated = store.uploadPart(upload, 1, Buffer.alloc(8_000_000, 1));
  const completed = store.completeUpload(upload, parts);
  const late = store.uploadPart(upload, 1, Buffer.alloc(8_000_000, 9));
  await expect(late).rejects.toBeInstanceOf(UploadNotFoundError);
  // The part that was named is replaced by then; what counts is that nothing was shown of it half-written.
  await expect(completed).rejects.toBeInstanceOf(InvalidRequestError);
  await store.completeUpload(upload, [await repeated]);
  const shown = await readFile(join(directory, "app.tar"));
  expect(shown.equals(Buffer.alloc(8_000_000, 1))).toBe(true);
});

test("a description without its object describes nothing, and does not hinder a later one", async () => {
  const { directory, store } = await temporaryStore();
  await store.put("a", Buffer.from("1"), { metadata: { is: "first" } });
  const [sidecar = ""] = await ownFiles(directory, "meta");
  const path = join(directory, ".layaway-store", "meta", sidecar);
  const left = await readFile(path);
  await store.delete("a");
  await writeFile(path, left);
  expect(await store.head("a")).toBeUndefined();
  await store.put("a", Buffer.from("2"), { metadata: { is: "second" } });
  expect((await store.head("a"))?.metadata).toEqual({ is: "second" });
});

test("versions of equal size that are written in the same instant have ETags and descriptions of their own", async () => {
  const { store } = await temporaryStore();
  const names = ["a", "b", "c", "d", "e"];
  const etags = await Promise.all(
    names.map((name) => store.put("same", Buffer.from(name), { metadata: { name } })),
  );
  expect(new Set(etags.map(({ etag }) => etag)).size).toBe(names.length);
  const info = await store.head("same");
  for await (const bytes of await store.get("same")) {
    expect(Buffer.from(bytes).toString()).toBe(info?.metadata["name"]);
  }
});

test("a file that was changed by hand has another ETag and is copied from no longer", async () => {
  const { directory, store } = await temporaryStore();
  const { etag } = await store.put("a", Buffer.from("12345"), { metadata: { plan: "0123" } });
  await writeFile(join(directory, "a"), "54321");
  await utimes(join(directory, "a"), 1, 1);
  expect(await store.head("a")).toMatchObject({ sizeBytes: 5, metadata: {} });
  const upload = await store.createUpload("b");
  const copied = store.copyPart(upload, 1, { key: "a", etag, range: { offset: 0, length: 5 } });
  await expect(copied).rejects.toBeInstanceOf(ObjectConflictError);
});

test("nothing is left behind but objects and their descriptions", async () => {
  const { directory, store } = await temporaryStore();
  await store.put("a/b/1", Buffer.from("1"));
  await store.put("a/b/1", Buffer.from("2"));
  await expect(store.put("a/b/1", Buffer.from("3"), { ifAbsent: true })).rejects.toThrow();
  const first = await uploadWith(store, "a/2", [100, 1]);
  await store.completeUpload(first.upload, first.parts);
  const second = await uploadWith(store, "a/2", [1, 100]);
  await store.completeUpload(second.upload, second.parts, { overwrite: true });
  const third = await uploadWith(store, "a/2", [100]);
  await expect(store.completeUpload(third.upload, third.parts)).rejects.toThrow();
  await store.abortUpload(third.upload);
  expect(await ownFiles(directory, "tmp")).toEqual([]);
  expect(await ownFiles(directory, "uploads")).toEqual([]);
  expect(await ownFiles(directory, "meta")).toHaveLength(2);
  await store.delete("a/b/1");
  await store.delete("a/2");
  expect(await ownFiles(directory, "meta")).toEqual([]);
  expect(await readdir(directory)).toEqual([".layaway-store"]);
});
