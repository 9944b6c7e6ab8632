import {
  type Descriptor,
  type Digest,
  ociIndex,
  parseImageConfig,
  parseManifest,
  type PlatformImage,
  type RawManifest,
  type ImageManifest,
  verifyBytes,
} from "@layaway/oci";

import type { ArchiveEntry, ArchiveHead, MoreNeeded } from "./archive-head.ts";
import { layoutDocument } from "./archive-documents.ts";
import { blobName, dockerManifestName, indexName, layoutName } from "./archive-names.ts";
import { parseDockerManifest } from "./docker-manifest.ts";
import { NotAnArchiveError } from "./errors.ts";
import { createFileReader, EndOfBytes, endOf, type FileReader } from "./file-reader.ts";
import { blockBytes, tarEndBytes } from "./tar-header.ts";

/**
 * Reads the first bytes of an archive object: all of its small entries, and from them where every layer stands. Give it the
 * first 64 KiB or so; where that is too little it says how many bytes it needs.
 *
 * Throws `NotAnArchiveError` for anything that `planArchive` did not lay out; `SizeMismatchError`, `DigestMismatchError` and
 * the errors of `parseManifest` and `parseImageConfig` for archives that are damaged.
 */
export function readArchiveHead(bytes: Uint8Array): ArchiveHead | MoreNeeded {
  const files = createFileReader(bytes);
  try {
    if (Buffer.compare(files.expect(layoutName), layoutDocument()) !== 0) {
      throw new NotAnArchiveError("not an archive of Layaway: unknown version of the image layout");
    }
    const index = parseManifest(files.expect(indexName), ociIndex);
    const dockerImage = parseDockerManifest(files.expect(dockerManifestName));
    if (index.kind !== "index")
      throw new NotAnArchiveError("not an archive of Layaway: index.json is no index");
    const images = readImages(files, index.manifests);
    if (!images.some(({ manifest }) => manifest.config.digest === dockerImage.config)) {
      throw new NotAnArchiveError("not an archive of Layaway: manifest.json names another image");
    }
    const layers = placeLayers(files.entries, images);
    const end = layers.at(-1) ?? files.entries.at(-1);
    const sizeBytes = end === undefined ? 0 : endOf(end) + tarEndBytes;
    return { kind: "head", index, dockerImage, images, entries: [...files.entries, ...layers], sizeBytes };
  } catch (error) {
    if (error instanceof EndOfBytes) return { kind: "more", neededBytes: error.neededBytes };
    throw error;
  }
}

/** Reads indexes, manifests and configs for as long as the next entry is one that was named by those before it. */
function readImages(files: FileReader, roots: readonly Descriptor[]): readonly PlatformImage[] {
  const manifests = new Map(roots.map((root) => [blobName(root.digest), root]));
  const configs = new Map<string, Descriptor>();
  const found: { readonly raw: RawManifest; readonly manifest: ImageManifest }[] = [];
  const configBytes = new Map<Digest, Uint8Array>();
  for (let name = files.next(); name !== undefined; name = files.next()) {
    const descriptor = manifests.get(name) ?? configs.get(name);
    if (descriptor === undefined) break;
    const bytes = files.expect(name);
    verifyBytes(bytes, descriptor);
    if (configs.has(name)) {
      configBytes.set(descriptor.digest, bytes);
      continue;
    }
    const document = parseManifest(bytes, descriptor.mediaType);
    if (document.kind === "index") {
      for (const entry of document.manifests) manifests.set(blobName(entry.digest), entry);
    } else {
      found.push({ raw: { descriptor, bytes }, manifest: document });
      configs.set(blobName(document.config.digest), document.config);
    }
  }
  return found.map(({ raw, manifest }) => {
    const config = configBytes.get(manifest.config.digest);
    if (config === undefined)
      throw new NotAnArchiveError("not an archive of Layaway: an image config is missing");
    return { platform: parseImageConfig(config).platform, raw, manifest, configBytes: config };
  });
}

/** Layers follow in manifest order, each digest once: format version 1. */
function placeLayers(
  before: readonly ArchiveEntry[],
  images: readonly PlatformImage[],
): readonly ArchiveEntry[] {
  const names = new Set(before.map(({ name }) => name));
  const last = before.at(-1);
  let offset = last === undefined ? 0 : endOf(last);
  const layers: ArchiveEntry[] = [];
  for (const { digest, size } of images.flatMap(({ manifest }) => manifest.layers)) {
    const name = blobName(digest);
    if (names.has(name)) continue;
    names.add(name);
    const entry = { name, offset: offset + blockBytes, sizeBytes: size };
    layers.push(entry);
    offset = endOf(entry);
  }
  return layers;
}
