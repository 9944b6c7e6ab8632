import {
  type Descriptor,
  familiarName,
  formatReference,
  ociIndex,
  parseImageConfig,
  type Platform,
  type PlatformImage,
  type Reference,
  type ResolvedImage,
} from "@layaway/oci";

import { blobName } from "./archive-names.ts";

/** image-spec `image-layout.md`, "oci-layout file". */
export function layoutDocument(): Uint8Array {
  return encode({ imageLayoutVersion: "1.0.0" });
}

/**
 * The archive's `index.json`: one entry, the outermost kept index or else the one image, under its name. Of the entry's
 * descriptor only what follows from the image itself is written, and the platform is its config's own, so that the same
 * image gives the same bytes whether it was found by tag, by digest or through an index that says otherwise.
 */
export function indexDocument(image: ResolvedImage, name: Reference): Uint8Array {
  const [kept] = image.indexes;
  const entry =
    kept === undefined
      ? entryOf(image.primary.raw.descriptor, name, parseImageConfig(image.primary.configBytes).platform)
      : entryOf(kept.descriptor, name, undefined);
  return encode({ schemaVersion: 2, mediaType: ociIndex, manifests: [entry] });
}

/** Docker's `manifest.json`: exactly one image, because old `docker load` knows no indexes. A layer used twice is listed twice. */
export function dockerManifestDocument(image: PlatformImage, name: Reference): Uint8Array {
  const { config, layers } = image.manifest;
  const tagged = withoutDigest(name);
  return encode([
    {
      Config: blobName(config.digest),
      RepoTags: tagged === undefined ? [] : [familiarName(tagged)],
      Layers: layers.map(({ digest }) => blobName(digest)),
    },
  ]);
}

function entryOf(descriptor: Descriptor, name: Reference, platform: Platform | undefined): object {
  const { mediaType, digest, size } = descriptor;
  const tagged = withoutDigest(name);
  return {
    mediaType,
    digest,
    size,
    ...(tagged === undefined
      ? {}
      : {
          annotations: {
            "io.containerd.image.name": formatReference(tagged),
            "org.opencontainers.image.ref.name": tagged.tag,
          },
        }),
    ...(platform === undefined ? {} : { platform: platformJson(platform) }),
  };
}

/** As image-spec `image-index.md` writes it. */
function platformJson({ os, architecture, variant, osVersion }: Platform): object {
  return {
    architecture,
    os,
    ...(osVersion === undefined ? {} : { "os.version": osVersion }),
    ...(variant === undefined ? {} : { variant }),
  };
}

function withoutDigest({ registry, repository, tag }: Reference): Reference | undefined {
  return tag === undefined ? undefined : { registry, repository, tag };
}

function encode(document: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(document));
}
