import { z } from "zod";

import { checkDocument, parseDocument } from "./document.ts";
import { normalizePlatform, type Platform } from "./platform.ts";

/** What an image says about itself: image-spec `config.md`; docker's configs have the same fields. */
export interface ImageConfig {
  /** Normalised; `unknown` where the config names none. */
  readonly platform: Platform;
  /** Digests of the layers' uncompressed tars, in order, as written. */
  readonly diffIds: readonly string[];
  /** As written: RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly dockerVersion?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly env: readonly string[];
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly workingDir?: string;
  readonly user?: string;
  readonly exposedPorts: readonly string[];
}

const text = z.string().nullish();
const texts = z.array(z.string()).nullish();
const configSchema = z.object({
  architecture: text,
  os: text,
  variant: text,
  "os.version": text,
  created: text,
  author: text,
  docker_version: text,
  rootfs: z.object({ diff_ids: texts }),
  config: z
    .object({
      Labels: z.record(z.string(), z.string()).nullish(),
      Env: texts,
      Entrypoint: texts,
      Cmd: texts,
      WorkingDir: text,
      User: text,
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
    })
    .nullish(),
});

/** Reads an image config of either family. Throws `MalformedImageError`. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const written = checkDocument(configSchema, parseDocument(bytes, "image config"), bytes, "image config");
  const { created, author, docker_version: dockerVersion, config } = written;
  return {
    platform: normalizePlatform({
      os: written.os || "unknown",
      architecture: written.architecture || "unknown",
      variant: written.variant ?? undefined,
      osVersion: written["os.version"] ?? undefined,
    }),
    diffIds: written.rootfs.diff_ids ?? [],
    ...(created ? { created } : {}),
    ...(author ? { author } : {}),
    ...(dockerVersion ? { dockerVersion } : {}),
    labels: config?.Labels ?? {},
    env: config?.Env ?? [],
    entrypoint: config?.Entrypoint ?? [],
    cmd: config?.Cmd ?? [],
    ...(config?.WorkingDir ? { workingDir: config.WorkingDir } : {}),
    ...(config?.User ? { user: config.User } : {}),
    exposedPorts: Object.keys(config?.ExposedPorts ?? {}),
  };
}
