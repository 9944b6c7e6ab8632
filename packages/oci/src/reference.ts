import type { Digest } from "./digest.ts";

/** A parsed image reference, normalised as docker does: `nginx` is `docker.io/library/nginx:latest`. */
export interface Reference {
  /** Host and port as users write it; `docker.io` for Docker Hub. */
  readonly registry: string;
  readonly repository: string;
  /** Absent where only a digest was given. */
  readonly tag?: string;
  /** When given it decides; the tag is then only a name. */
  readonly digest?: Digest;
}
