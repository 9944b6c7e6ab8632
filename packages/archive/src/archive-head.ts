import type { Digest, ImageIndex, PlatformImage } from "@layaway/oci";

/** One file of an archive. */
export interface ArchiveEntry {
  readonly name: string;
  /** Place of the file's first byte in the archive; its header is the block before. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The only image in docker's `manifest.json`. */
export interface DockerImage {
  readonly config: Digest;
  readonly repoTags: readonly string[];
  readonly layers: readonly Digest[];
}

/** All that an archive tells before its first layer. Digests of everything in it were checked. */
export interface ArchiveHead {
  readonly kind: "head";
  /** `index.json`: one entry, whose annotations hold the name. */
  readonly index: ImageIndex;
  readonly dockerImage: DockerImage;
  /** Every image of the archive, in order. */
  readonly images: readonly PlatformImage[];
  /** Every entry in order; those of the layers as format version 1 places them, their headers were not read. */
  readonly entries: readonly ArchiveEntry[];
  /** What the whole archive's size must be. */
  readonly sizeBytes: number;
}

/** The bytes end before the head does: ask again with at least this many, counted from the archive's first. */
export interface MoreNeeded {
  readonly kind: "more";
  readonly neededBytes: number;
}
