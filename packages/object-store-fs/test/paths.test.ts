import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { DestinationDeniedError, DestinationUnknownError, ObjectConflictError } from "@layaway/object-store";
import { createFsStore } from "@layaway/object-store-fs";
import { expect, test } from "vitest";

import { temporaryStore } from "./temporary-store.ts";

test.each([
  "",
  "..",
  "../outside",
  "a/../../outside",
  "a/./b",
  "/etc/passwd",
  "a//b",
  "a/",
  "a\\..\\b",
  "a\u0000b",
  "a\nb",
  ".layaway-store/uploads/x",
])("refuses the key %j", async (key) => {
  const { store } = await temporaryStore();
  await expect(store.put(key, Buffer.from("1"))).rejects.toBeInstanceOf(DestinationDeniedError);
  await expect(store.head(key)).rejects.toBeInstanceOf(DestinationDeniedError);
  await expect(store.createUpload(key)).rejects.toBeInstanceOf(DestinationDeniedError);
  await expect(store.delete(key)).rejects.toBeInstanceOf(DestinationDeniedError);
});

test("refuses a prefix that leaves the directory", () => {
  expect(() => createFsStore({ directory: "/tmp", prefix: "../etc" })).toThrow(DestinationDeniedError);
});

test("neither shows nor reads what a symbolic link points to", async () => {
  const { directory, store } = await temporaryStore();
  await store.put("object", Buffer.from("1"));
  await symlink("/etc/passwd", join(directory, "link"));
  expect(await store.head("link")).toBeUndefined();
  await expect(store.get("link")).rejects.toThrow();
  expect((await store.list("")).objects.map(({ key }) => key)).toEqual(["object"]);
});

test("objects are plain files under their keys, which others may read", async () => {
  const { directory, store } = await temporaryStore();
  await store.put("registry.example.com/app/1.0@sha256-0123.tar", Buffer.from("tar"));
  const path = join(directory, "registry.example.com/app/1.0@sha256-0123.tar");
  expect(await readFile(path, "utf8")).toBe("tar");
  expect((await stat(path)).mode & 0o777).toBe(0o644 & ~process.umask());
  expect(store.url("registry.example.com/app/1.0@sha256-0123.tar")).toBe(`file://${path}`);
});

test("lists files that others put there, without metadata", async () => {
  const { directory, store } = await temporaryStore();
  await mkdir(join(directory, "copied"));
  await writeFile(join(directory, "copied", "a.tar"), "12345");
  const { objects } = await store.list("copied/");
  expect(objects).toMatchObject([{ key: "copied/a.tar", sizeBytes: 5 }]);
  expect(await store.head("copied/a.tar")).toMatchObject({ sizeBytes: 5, metadata: {} });
});

test("makes its directory where the parent is there, and reads it as empty before", async () => {
  const { directory } = await temporaryStore();
  const store = createFsStore({ directory: join(directory, "images") });
  expect((await store.list("")).objects).toEqual([]);
  expect(await store.head("a")).toBeUndefined();
  await store.put("a", Buffer.from("1"));
  expect(await readFile(join(directory, "images", "a"), "utf8")).toBe("1");
});

test("knows no directory that is a file", async () => {
  const { directory } = await temporaryStore();
  await writeFile(join(directory, "file"), "");
  const store = createFsStore({ directory: join(directory, "file") });
  await expect(store.put("a", Buffer.from("1"))).rejects.toBeInstanceOf(DestinationUnknownError);
  await expect(store.list("")).rejects.toBeInstanceOf(DestinationUnknownError);
});

test("says so where one key is the folder of another", async () => {
  const { store } = await temporaryStore();
  await store.put("a", Buffer.from("1"));
  await expect(store.put("a/b", Buffer.from("2"))).rejects.toBeInstanceOf(ObjectConflictError);
  await store.put("c/d", Buffer.from("3"));
  await expect(store.put("c", Buffer.from("4"))).rejects.toBeInstanceOf(ObjectConflictError);
});

test("a directory that may not be written is denied, in one line without a stack", async () => {
  const { directory } = await temporaryStore();
  const mine = join(directory, "read-only");
  await mkdir(mine);
  await chmod(mine, 0o555);
  // Root may write anywhere but into the kernel's own file systems.
  const isRoot = process.getuid?.() === 0;
  const store = createFsStore({ directory: isRoot ? "/sys/kernel" : mine });
  for (const call of [() => store.put("a", Buffer.from("1")), () => store.createUpload("a")]) {
    const error: unknown = await call().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DestinationDeniedError);
    expect(error instanceof Error && error.message).toMatch(/^[^\n]+\((?:may not be written or read)\)$/u);
  }
  await rm(mine, { recursive: true });
});
