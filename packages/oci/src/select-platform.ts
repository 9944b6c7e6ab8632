import type { Descriptor } from "./descriptor.ts";
import { NotAnImageError, PlatformNotFoundError } from "./errors.ts";
import type { ImageIndex } from "./manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "./media-types.ts";
import { type Platform, platformMatches } from "./platform.ts";

/** How deep indexes may be nested, the outermost counted. */
export const maxIndexDepth = 3;
/** How many entries all indexes below one reference may have together. */
export const maxIndexEntries = 1000;

/**
 * The entry to go on with for a platform. Where one says exactly that platform, it is that one, and the gzip twin is
 * preferred to the zstd twin. Else it is the only entry that says nothing: an image whose config must be asked, or a nested
 * index, to be selected from in turn; at most `maxIndexDepth` levels.
 *
 * Throws `PlatformNotFoundError` naming the platforms offered, `NotAnImageError` where no entry is an image.
 */
export function selectPlatform(index: ImageIndex, wanted: Platform): Descriptor {
  const images = imagesOf(index);
  const matching = images.filter(
    ({ platform }) => platform !== undefined && platformMatches(wanted, platform),
  );
  const chosen = matching.find((image) => !isZstdTwin(image)) ?? matching[0];
  if (chosen !== undefined) return chosen;
  const [silent, ...others] = images.filter(({ platform }) => platform === undefined);
  if (silent !== undefined && others.length === 0) return silent;
  throw new PlatformNotFoundError(
    wanted,
    images.flatMap(({ platform }) => platform ?? []),
  );
}

/**
 * The entries that are images, or nested indexes of images, in order: attestations and other artifacts are left out.
 * Throws `NotAnImageError` where nothing remains.
 */
export function imagesOf(index: ImageIndex): readonly Descriptor[] {
  const images = index.manifests.filter(isImage);
  if (images.length > 0) return images;
  const kinds = [...new Set(index.manifests.map(({ artifactType, mediaType }) => artifactType ?? mediaType))];
  const what =
    kinds.length === 0
      ? "it is empty"
      : `it holds ${kinds
          .slice(0, 5)
          .join(", ")
          .replace(/[^\x20-\x7e]/g, "?")}`;
  throw new NotAnImageError(`the index has no image: ${what}`);
}

function isImage({ mediaType, artifactType, annotations = {}, platform }: Descriptor): boolean {
  if (!isManifestMediaType(mediaType) && !isIndexMediaType(mediaType)) return false;
  if (artifactType !== undefined) return false;
  // Any value means "not to be taken for an image": buildkit docs/attestations/attestation-storage.md.
  if (annotations["vnd.docker.reference.type"] !== undefined) return false;
  return !(platform?.os === "unknown" && platform.architecture === "unknown");
}

/** containers/image `internal/manifest/oci_index.go`: one platform twice, the second time with zstd layers. */
function isZstdTwin({ annotations = {} }: Descriptor): boolean {
  return annotations["io.github.containers.compression.zstd"] === "true";
}
