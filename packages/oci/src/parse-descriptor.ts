import { z } from "zod";

import type { Descriptor } from "./descriptor.ts";
import { parseDigest } from "./digest.ts";
import { InvalidDigestError, MalformedImageError } from "./errors.ts";
import { normalizePlatform } from "./platform.ts";

/** No store takes a larger object: 10,000 parts of 5 GiB (Amazon S3 user guide, "Multipart upload limits"). */
const maxBlobBytes = 10_000 * 5 * 1024 ** 3;

/** `null` where Go programs write out an empty map or list. */
const optionalString = z.string().nullish();
const optionalStrings = z.record(z.string(), z.string()).nullish();

/** A descriptor as it stands in a document: shape and size checked, digest not yet. */
interface WrittenDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
  readonly platform?:
    | {
        readonly os: string;
        readonly architecture: string;
        readonly variant?: string | null | undefined;
        readonly "os.version"?: string | null | undefined;
      }
    | null
    | undefined;
  readonly urls?: readonly string[] | null | undefined;
  readonly artifactType?: string | null | undefined;
}

export const descriptorSchema: z.ZodType<WrittenDescriptor> = z.object({
  mediaType: z.string().min(1).max(255),
  digest: z.string().max(1024),
  size: z.int().min(0).max(maxBlobBytes),
  annotations: optionalStrings,
  platform: z
    .object({
      os: z.string(),
      architecture: z.string(),
      variant: optionalString,
      "os.version": optionalString,
    })
    .nullish(),
  urls: z.array(z.string()).nullish(),
  artifactType: optionalString,
});

/** A descriptor whose digest was checked. Throws `UnsupportedDigestError`, and `MalformedImageError` naming `where`. */
export function descriptorFrom(written: WrittenDescriptor, where: string): Descriptor {
  const { annotations, platform, urls, artifactType } = written;
  return {
    mediaType: written.mediaType,
    digest: digestFrom(written.digest, where),
    size: written.size,
    ...(annotations ? { annotations } : {}),
    ...(platform && platform.os !== "" && platform.architecture !== ""
      ? {
          platform: normalizePlatform({
            os: platform.os,
            architecture: platform.architecture,
            variant: platform.variant ?? undefined,
            osVersion: platform["os.version"] ?? undefined,
          }),
        }
      : {}),
    ...(urls && urls.length > 0 ? { urls } : {}),
    ...(artifactType ? { artifactType } : {}),
  };
}

function digestFrom(text: string, where: string): Descriptor["digest"] {
  try {
    return parseDigest(text);
  } catch (cause) {
    if (!(cause instanceof InvalidDigestError)) throw cause;
    throw new MalformedImageError(`${where}: ${cause.message}`, { cause });
  }
}
