import {
  defaultPlatform,
  type Digest,
  type ImageIndex,
  imagesOf,
  MalformedImageError,
  maxIndexDepth,
  maxIndexEntries,
  NotAnImageError,
  type PlatformImage,
  platformMatches,
  type RawManifest,
} from "@layaway/oci";

import type { Loaded, Loader } from "./loader.ts";

/** Everything below a reference that is an image. */
export interface EveryImage {
  /** Outermost first; none where the reference names a single image. */
  readonly indexes: readonly RawManifest[];
  readonly images: readonly PlatformImage[];
  readonly primary: PlatformImage;
}

/**
 * Collects every image of an index and of those nested in it, each digest once. Attestations and other artifacts are left
 * out; the index bytes that still name them are kept as they are, because signatures are over them.
 */
export async function everyImage(root: Loaded, loader: Loader): Promise<EveryImage> {
  const indexes: RawManifest[] = [];
  const images: PlatformImage[] = [];
  const seen = new Set<Digest>();
  let entries = 0;

  const collect = async (index: ImageIndex, raw: RawManifest, depth: number): Promise<void> => {
    if (depth > maxIndexDepth) throw tooDeep(root.raw);
    entries += index.manifests.length;
    if (entries > maxIndexEntries)
      throw new MalformedImageError(
        `index ${root.raw.descriptor.digest}: more than ${maxIndexEntries} entries`,
      );
    indexes.push(raw);
    for (const entry of imagesOf(index)) {
      if (seen.has(entry.digest)) continue;
      seen.add(entry.digest);
      try {
        const { raw: entryRaw, parsed } = await loader.entry(entry);
        if (parsed.kind === "index") await collect(parsed, entryRaw, depth + 1);
        else images.push(await loader.image({ raw: entryRaw, parsed }, entry.platform));
      } catch (error) {
        // Some artifacts tell that they are none only in their manifest.
        if (!(error instanceof NotAnImageError)) throw error;
      }
    }
  };

  if (root.parsed.kind === "index") await collect(root.parsed, root.raw, 1);
  else images.push(await loader.image({ raw: root.raw, parsed: root.parsed }, undefined));
  const primary = images.find(({ platform }) => platformMatches(defaultPlatform, platform)) ?? images[0];
  if (primary === undefined)
    throw new NotAnImageError(`index ${root.raw.descriptor.digest}: no entry is an image`);
  return { indexes, images, primary };
}

export function tooDeep(root: RawManifest): MalformedImageError {
  return new MalformedImageError(
    `index ${root.descriptor.digest}: indexes are nested more than ${maxIndexDepth} deep`,
  );
}
