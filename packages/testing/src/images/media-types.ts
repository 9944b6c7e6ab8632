import type { Compression } from "./compress.ts";

/** The two families of manifests: docker's schema 2, and OCI's. */
export type Family = "docker" | "oci";

export interface FamilyMediaTypes {
  readonly manifest: string;
  readonly index: string;
  readonly config: string;
  readonly layers: Readonly<Record<Compression, string>>;
}

const docker = "application/vnd.docker";
const oci = "application/vnd.oci.image";

export const mediaTypes: Readonly<Record<Family, FamilyMediaTypes>> = {
  docker: {
    manifest: `${docker}.distribution.manifest.v2+json`,
    index: `${docker}.distribution.manifest.list.v2+json`,
    config: `${docker}.container.image.v1+json`,
    layers: {
      none: `${docker}.image.rootfs.diff.tar`,
      gzip: `${docker}.image.rootfs.diff.tar.gzip`,
      zstd: `${docker}.image.rootfs.diff.tar.zstd`,
      "zstd:chunked": `${docker}.image.rootfs.diff.tar.zstd`,
    },
  },
  oci: {
    manifest: `${oci}.manifest.v1+json`,
    index: `${oci}.index.v1+json`,
    config: `${oci}.config.v1+json`,
    layers: {
      none: `${oci}.layer.v1.tar`,
      gzip: `${oci}.layer.v1.tar+gzip`,
      zstd: `${oci}.layer.v1.tar+zstd`,
      "zstd:chunked": `${oci}.layer.v1.tar+zstd`,
    },
  },
};
