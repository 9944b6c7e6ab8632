import { z } from "zod";

import { checkDocument, nameOf, printable } from "./document.ts";
import { NotAnImageError, UnsupportedMediaTypeError } from "./errors.ts";
import type { ImageIndex, ImageManifest } from "./manifest.ts";
import {
  dockerManifest,
  isConfigMediaType,
  isIndexMediaType,
  isLayerFamily,
  isLayerMediaType,
  isLegacyConfigMediaType,
} from "./media-types.ts";
import { descriptorFrom, descriptorSchema } from "./parse-descriptor.ts";
import { type Document, readTypedDocument } from "./typed-document.ts";

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
  const { document, mediaType } = readTypedDocument(bytes, contentType);
  return isIndexMediaType(mediaType)
    ? indexFrom(document, mediaType, bytes)
    : manifestFrom(document, mediaType, bytes);
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
