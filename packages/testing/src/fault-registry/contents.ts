import { createHash } from "node:crypto";

export interface ManifestContent {
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Bytes, or a function that makes them when they are asked for: a blob of many GiB needs no memory. */
export type BlobContent = Uint8Array | LazyBlob;

export interface LazyBlob {
  readonly digest: string;
  readonly sizeBytes: number;
  readonly read: (offset: number, length: number) => Uint8Array;
}

interface Repository {
  /** By digest and by tag. */
  readonly manifests: Map<string, ManifestContent>;
  readonly blobs: Map<string, LazyBlob>;
  readonly tags: Set<string>;
}

/** What the registry holds. */
export interface Contents {
  readonly putManifest: (repository: string, manifest: ManifestContent, tags?: readonly string[]) => string;
  readonly putBlob: (repository: string, blob: BlobContent) => string;
  manifest(repository: string, reference: string): ManifestContent | undefined;
  blob(repository: string, digest: string): LazyBlob | undefined;
  /** Sorted; `undefined` for a repository that does not exist. */
  tags(repository: string): readonly string[] | undefined;
}

export function createContents(): Contents {
  const repositories = new Map<string, Repository>();

  const repositoryOf = (name: string): Repository => {
    const known = repositories.get(name) ?? { manifests: new Map(), blobs: new Map(), tags: new Set() };
    repositories.set(name, known);
    return known;
  };

  return {
    putManifest(name, manifest, tags = []) {
      const repository = repositoryOf(name);
      const digest = digestOf(manifest.bytes);
      for (const reference of [digest, ...tags]) repository.manifests.set(reference, manifest);
      for (const tag of tags) repository.tags.add(tag);
      return digest;
    },
    putBlob(name, content) {
      const blob = content instanceof Uint8Array ? heldBlob(content) : content;
      repositoryOf(name).blobs.set(blob.digest, blob);
      return blob.digest;
    },
    manifest: (name, reference) => repositories.get(name)?.manifests.get(reference),
    blob: (name, digest) => repositories.get(name)?.blobs.get(digest),
    tags(name) {
      const repository = repositories.get(name);
      return repository === undefined ? undefined : [...repository.tags].toSorted();
    },
  };
}

function heldBlob(bytes: Uint8Array): LazyBlob {
  return {
    digest: digestOf(bytes),
    sizeBytes: bytes.length,
    read: (offset, length) => bytes.subarray(offset, offset + length),
  };
}

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
