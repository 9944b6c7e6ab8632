/** A platform as image-spec and containerd name it, normalised (`x86_64` is `amd64`, `arm64/v8` is `arm64`). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly osVersion?: string;
}
