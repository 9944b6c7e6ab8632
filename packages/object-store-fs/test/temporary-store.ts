import { mkdtemp, readdir } from "node:fs/promises";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { ObjectStore, Upload, UploadedPart } from "@layaway/object-store";
import { createFsStore } from "@layaway/object-store-fs";
import { onTestFinished } from "vitest";

/** A store in a directory of the test's own. */
export async function temporaryStore(): Promise<{ readonly directory: string; readonly store: ObjectStore }> {
  const directory = await mkdtemp(join(tmpdir(), "layaway-fs-"));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return { directory, store: createFsStore({ directory }) };
}

/** The store's own files of one kind. */
export async function ownFiles(
  directory: string,
  kind: "meta" | "uploads" | "tmp",
): Promise<readonly string[]> {
  return await readdir(join(directory, ".layaway-store", kind)).catch(() => []);
}

/** An upload with parts of these sizes, each full of its number. */
export async function uploadWith(
  store: ObjectStore,
  key: string,
  sizes: readonly number[],
): Promise<{ readonly upload: Upload; readonly parts: readonly UploadedPart[] }> {
  const upload = await store.createUpload(key, { metadata: { plan: "0123" } });
  const parts: UploadedPart[] = [];
  for (const [index, size] of sizes.entries()) {
    parts.push(await store.uploadPart(upload, index + 1, Buffer.alloc(size, index + 1)));
  }
  return { upload, parts };
}
