import type { LayawayError } from "@layaway/errors";

import { nameOf, parseDocument, printable } from "./document.ts";
import {
  MalformedImageError,
  ManifestSchema1UnsupportedError,
  NotAnImageError,
  UnsupportedMediaTypeError,
} from "./errors.ts";
import {
  dockerConfig,
  dockerManifest,
  essenceOf,
  isIndexMediaType,
  isManifestMediaType,
  isSchema1MediaType,
  ociArtifact,
  ociIndex,
  ociManifest,
} from "./media-types.ts";

export type Document = Readonly<Record<string, unknown>>;

/**
 * Reads a document that is a manifest or an index, and says which by its media type: the announced one, else the one
 * written in it, else what it looks like. Throws as `parseManifest` does.
 */
export function readTypedDocument(
  bytes: Uint8Array,
  contentType: string | undefined,
): { readonly document: Document; readonly mediaType: string } {
  const announced = contentType === undefined ? "" : essenceOf(contentType);
  if (isSchema1MediaType(announced)) throw schema1(bytes);
  const document = parseDocument(bytes, "manifest");
  return { document, mediaType: mediaTypeOf(document, announced, bytes) };
}

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
