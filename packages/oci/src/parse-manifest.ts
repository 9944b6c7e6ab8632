import type { LayawayError } from "@layaway/errors";
import { z } from "zod";

import { checkDocument, nameOf, parseDocument } from "./document.ts";
import {
  MalformedImageError,
  ManifestSchema1UnsupportedError,
  NotAnImageError,
  UnsupportedMediaTypeError,
} from "./errors.ts";
import type { ImageIndex, ImageManifest } from "./manifest.ts";
import {
  dockerConfig,
  dockerManifest,
  essenceOf,
  isConfigMediaType,
  isIndexMediaType,
  isLayerFamily,
  isLayerMediaType,
  isLegacyConfigMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  ociArtifact,
  ociIndex,
  ociManifest,
} from "./media-types.ts";
import { descriptorFrom, descriptorSchema } from "./parse-descriptor.ts";

const annotations = z.record(z.string(), z.string()).nullish();
const artifactType = z.string().nullish();
const manifestSchema = z.object({
  schemaVersion: z.literal(2),
  artifactType,
  config: descriptorSchema,
  layers: z.array(descriptorSchema),
  annotations,
});
const indexSchema = z.object({
  schemaVersion: z.literal(2),
  artifactType,
  manifests: z.array(descriptorSchema),
  annotations,
});

/**
 * Reads a manifest or an index of either family. `contentType` is what the response said, or, where a descriptor announced
 * the document and its digest held, the descriptor's media type, which then decides (image-spec `media-types.md`).
 *
 * Throws `ManifestSchema1UnsupportedError`, `NotAnImageError` (artifacts), `UnsupportedMediaTypeError` (unknown types, types
 * that contradict each other, documents that could be read as both kinds), `UnsupportedDigestError`, `MalformedImageError`.
 */
export function parseManifest(
  bytes: Uint8Array,
  contentType: string | undefined,
): ImageManifest | ImageIndex {
  const announced = contentType === undefined ? "" : essenceOf(contentType);
  if (isSchema1MediaType(announced)) throw schema1(bytes);
  const document = parseDocument(bytes, "manifest");
  const mediaType = mediaTypeOf(document, announced, bytes);
  return isIndexMediaType(mediaType)
    ? indexFrom(document, mediaType, bytes)
    : manifestFrom(document, mediaType, bytes);
}

type Document = Readonly<Record<string, unknown>>;

/** One kind, or a refusal: a document that two readers may take for two things is how CVE-2021-41190 came about. */
function mediaTypeOf(document: Document, announced: string, bytes: Uint8Array): string {
  const written = document["mediaType"];
  if (document["schemaVersion"] === 1 || (typeof written === "string" && isSchema1MediaType(written)))
    throw schema1(bytes);
  const hasManifests = Object.hasOwn(document, "manifests");
  const hasImage = Object.hasOwn(document, "layers") || Object.hasOwn(document, "config");
  if (hasManifests && hasImage) {
    throw new UnsupportedMediaTypeError(`${nameOf(bytes, "manifest")}: it is an index and an image at once`);
  }
  if (!hasManifests && !hasImage) throw neither(document, announced, bytes);

  const sniffed = hasManifests ? ociIndex : sniffManifest(document);
  const said = [announced, written].filter(
    (type): type is string =>
      typeof type === "string" && (isIndexMediaType(type) || isManifestMediaType(type)),
  );
  const mediaType = said[0] ?? sniffed;
  const contradicts = said.some((type) => type !== mediaType) || isIndexMediaType(mediaType) !== hasManifests;
  if (contradicts) {
    throw new UnsupportedMediaTypeError(
      `${nameOf(bytes, "manifest")}: announced as ${said.join(" and ")}, it has the form of ${sniffed}`,
    );
  }
  if (typeof written === "string" && written !== "" && !said.includes(written))
    throw unknownType(written, bytes);
  return mediaType;
}

function sniffManifest(document: Document): string {
  const config = document["config"];
  const isDocker =
    typeof config === "object" &&
    config !== null &&
    "mediaType" in config &&
    config.mediaType === dockerConfig;
  return isDocker ? dockerManifest : ociManifest;
}

function manifestFrom(document: Document, mediaType: string, bytes: Uint8Array): ImageManifest {
  const written = checkDocument(manifestSchema, document, bytes, "manifest");
  const where = nameOf(bytes, "manifest");
  if (!isImageConfig(written.config.mediaType, mediaType)) {
    throw new NotAnImageError(
      `${where}: it is no image but ${printable(written.artifactType || written.config.mediaType)}`,
    );
  }
  for (const { mediaType: layerType } of written.layers) {
    if (isLayerMediaType(layerType)) continue;
    if (isLayerFamily(layerType)) {
      throw new UnsupportedMediaTypeError(
        `${where}: layers of type ${printable(layerType)} are not supported`,
      );
    }
    throw new NotAnImageError(`${where}: it is no image, it holds ${printable(layerType)}`);
  }
  return {
    kind: "manifest",
    mediaType,
    config: descriptorFrom(written.config, where),
    layers: written.layers.map((layer) => descriptorFrom(layer, where)),
    ...(written.artifactType ? { artifactType: written.artifactType } : {}),
    ...(written.annotations ? { annotations: written.annotations } : {}),
  };
}

function isImageConfig(configType: string, mediaType: string): boolean {
  return (
    isConfigMediaType(configType) || (mediaType === dockerManifest && isLegacyConfigMediaType(configType))
  );
}

function indexFrom(document: Document, mediaType: string, bytes: Uint8Array): ImageIndex {
  const written = checkDocument(indexSchema, document, bytes, "manifest");
  const where = nameOf(bytes, "manifest");
  if (written.artifactType) {
    throw new NotAnImageError(`${where}: it is an index of ${printable(written.artifactType)}`);
  }
  return {
    kind: "index",
    mediaType,
    manifests: written.manifests.map((entry) => descriptorFrom(entry, where)),
    ...(written.annotations ? { annotations: written.annotations } : {}),
  };
}

function schema1(bytes: Uint8Array): ManifestSchema1UnsupportedError {
  return new ManifestSchema1UnsupportedError(
    `${nameOf(bytes, "manifest")}: manifest schema 1 is not supported; push the image anew with a current tool`,
  );
}

function neither(document: Document, announced: string, bytes: Uint8Array): LayawayError {
  const written = document["mediaType"];
  const type = typeof written === "string" && written !== "" ? written : announced;
  const where = nameOf(bytes, "manifest");
  if (type === ociArtifact) return new NotAnImageError(`${where}: it is no image but an artifact`);
  if (isIndexMediaType(type) || isManifestMediaType(type)) {
    return new MalformedImageError(`${where}: neither manifests nor config and layers stand in it`);
  }
  return unknownType(type === "" ? "a document without a media type" : type, bytes);
}

function unknownType(type: string, bytes: Uint8Array): UnsupportedMediaTypeError {
  return new UnsupportedMediaTypeError(
    `${nameOf(bytes, "manifest")}: ${printable(type)} is no manifest we can read`,
  );
}

/** Other people's text for a one-line message. */
function printable(text: string): string {
  return text.slice(0, 100).replace(/[^\x21-\x7e]/g, "?");
}
