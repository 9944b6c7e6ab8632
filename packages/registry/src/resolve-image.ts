import {
  checkImage,
  defaultPlatform,
  type Descriptor,
  maxIndexDepth,
  parseImageConfig,
  parseManifest,
  type Platform,
  type PlatformImage,
  platformMatches,
  PlatformNotFoundError,
  type Reference,
  type ResolvedImage,
  selectPlatform,
} from "@layaway/oci";

import type { Content } from "./content-cache.ts";
import { everyImage, tooDeep } from "./every-image.ts";
import type { Loaded, Loader } from "./loader.ts";
import type { Manifests } from "./manifests.ts";

/**
 * Resolves a reference: the tag is looked at once, everything below it by digest, so the result is wholly what the tag named
 * at one moment. Without a platform `linux/amd64` is taken of an index, and of a single image whatever it is.
 */
export async function resolveImage(options: {
  readonly manifests: Manifests;
  readonly config: (descriptor: Descriptor) => Promise<Uint8Array>;
  readonly reference: Reference;
  readonly platform: Platform | "all" | undefined;
  readonly signal: AbortSignal;
}): Promise<ResolvedImage> {
  const { manifests, reference, platform, signal } = options;
  const loader: Loader = {
    entry: async (descriptor) => loadedFrom(await manifests.described(reference, descriptor, signal)),
    async image({ raw, parsed }, named) {
      const configBytes = await options.config(parsed.config);
      const config = parseImageConfig(configBytes);
      checkImage(parsed, config);
      return { platform: named ?? config.platform, raw, manifest: parsed, configBytes };
    },
  };
  const root = loadedFrom(await manifests.named(reference, signal));
  if (platform === "all") {
    const { indexes, images, primary } = await everyImage(root, loader);
    return { reference, root: root.raw, indexes, images, primary };
  }
  const primary = await oneImage(root, platform, loader);
  return { reference, root: root.raw, indexes: [], images: [primary], primary };
}

async function oneImage(
  root: Loaded,
  platform: Platform | undefined,
  loader: Loader,
): Promise<PlatformImage> {
  const wanted = platform ?? defaultPlatform;
  let current = root;
  let named: Platform | undefined;
  for (let depth = 1; current.parsed.kind === "index"; depth += 1) {
    if (depth > maxIndexDepth) throw tooDeep(root.raw);
    const entry = selectPlatform(current.parsed, wanted);
    named = entry.platform ?? named;
    current = await loader.entry(entry);
  }
  const image = await loader.image({ raw: current.raw, parsed: current.parsed }, named);
  if (platform !== undefined && !platformMatches(wanted, image.platform)) {
    throw new PlatformNotFoundError(wanted, [image.platform]);
  }
  return image;
}

function loadedFrom({ digest, bytes, contentType }: Content): Loaded {
  const parsed = parseManifest(bytes, contentType);
  return { raw: { descriptor: { mediaType: parsed.mediaType, digest, size: bytes.length }, bytes }, parsed };
}
