import { execFileSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { ArchivePlan } from "@layaway/archive";
import type { Digest } from "@layaway/oci";
import { extract } from "tar-stream";

/** The archive that a plan describes, made in memory. */
export function archiveBytes(plan: ArchivePlan, blobs: ReadonlyMap<Digest, Uint8Array>): Buffer {
  const archive = Buffer.alloc(plan.sizeBytes);
  for (const segment of plan.segments) {
    if (segment.kind === "given") archive.set(segment.bytes, segment.offset);
    else archive.set(blobs.get(segment.blob.digest) ?? [], segment.offset);
  }
  return archive;
}

interface ReadFile {
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly uname: string;
  readonly gname: string;
  readonly mtime: Date;
  readonly type: string;
  readonly bytes: Buffer;
}

/** Every file of a tar, as tar-stream reads it. */
export async function filesOf(archive: Uint8Array): Promise<readonly ReadFile[]> {
  const reader = extract();
  reader.end(archive);
  const files: ReadFile[] = [];
  for await (const entry of reader) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
    const { name, mode, uid, gid, uname, gname, mtime, type } = entry.header;
    files.push({ name, mode, uid, gid, uname, gname, mtime, type, bytes: Buffer.concat(chunks) });
  }
  return files;
}

/** What system tar lists for an archive whose blobs are holes: nothing but the given bytes is written. */
export function systemTarList(plan: ArchivePlan): readonly string[] {
  const directory = mkdtempSync(join(tmpdir(), "layaway-archive-"));
  try {
    const path = join(directory, "archive.tar");
    const file = openSync(path, "w");
    for (const segment of plan.segments) {
      if (segment.kind === "given") writeSync(file, segment.bytes, 0, segment.bytes.length, segment.offset);
    }
    ftruncateSync(file, plan.sizeBytes);
    closeSync(file);
    const listing = execFileSync("tar", ["--utc", "--full-time", "--numeric-owner", "-tvf", path], {
      encoding: "utf8",
      env: { ...process.env, LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    return listing.trimEnd().split("\n");
  } finally {
    rmSync(directory, { recursive: true });
  }
}
