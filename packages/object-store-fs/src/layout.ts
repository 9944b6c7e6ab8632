import { createHash } from "node:crypto";
import { join } from "node:path";

import { DestinationDeniedError, UploadNotFoundError } from "@layaway/object-store";

/** The folder of the store's own files; no key may lie in it, and no listing shows it. */
export const ownFolder = ".layaway-store";

/** Where everything lies below one directory. */
export interface Layout {
  /** The directory and its prefix: objects lie below it under their keys. */
  readonly root: string;
  readonly uploads: string;
  readonly sidecars: string;
  readonly temporary: string;
  /** The file of an object. Throws DestinationDeniedError for a key that would leave the directory. */
  objectPath(key: string): string;
  /** The file that describes the version `etag` of an object. */
  sidecarPath(key: string, etag: string): string;
  uploadPath(uploadId: string): string;
}

export function layoutOf(directory: string, prefix: string): Layout {
  const root = join(directory, ...segmentsOf(prefix, "prefix"));
  const own = join(root, ownFolder);
  const sidecars = join(own, "meta");
  const uploads = join(own, "uploads");
  return {
    root,
    uploads,
    sidecars,
    temporary: join(own, "tmp"),
    objectPath(key) {
      const segments = segmentsOf(key, "key");
      if (segments.length === 0 || segments[0] === ownFolder) throw refusedName("key", key);
      return join(root, ...segments);
    },
    // Hashed, because a key may be longer than a file name can be.
    sidecarPath: (key, etag) =>
      join(sidecars, `${createHash("sha256").update(key).digest("hex")}-${etag}.json`),
    uploadPath(uploadId) {
      if (!/^[0-9a-f-]{36}$/u.test(uploadId)) throw new UploadNotFoundError("no such upload");
      return join(uploads, uploadId);
    },
  };
}

// `join` would resolve "..", so names are taken apart first; a NUL ends a name for the kernel, and a backslash parts it on Windows.
function segmentsOf(name: string, what: string): readonly string[] {
  if (name === "") return [];
  const segments = (what === "prefix" ? name.replace(/\/$/u, "") : name).split("/");
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const hostile = /[\u0000-\u001f\u007f\\]/u.test(name);
  if (hostile || segments.some((segment) => segment === "" || segment === "." || segment === "..")) {
    throw refusedName(what, name);
  }
  return segments;
}

function refusedName(what: string, name: string): DestinationDeniedError {
  return new DestinationDeniedError(`${JSON.stringify(name)} cannot be a ${what} of a file store`);
}
