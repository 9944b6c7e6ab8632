import { type Digest, hexOf } from "@layaway/oci";

/** The entries that stand in front of the blobs, in this order. */
export const layoutName = "oci-layout";
export const indexName = "index.json";
export const dockerManifestName = "manifest.json";

/** Where a blob stands in the archive, as in every OCI image layout (image-spec `image-layout.md`). */
export function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}
