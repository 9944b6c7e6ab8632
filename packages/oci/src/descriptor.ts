import type { Digest } from "./digest.ts";
import type { Platform } from "./platform.ts";

/** Points at content by media type, digest and size (bytes): image-spec `descriptor.md`. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly platform?: Platform;
  /** Places outside the registry from where the content may be had (foreign layers). */
  readonly urls?: readonly string[];
  readonly artifactType?: string;
}
