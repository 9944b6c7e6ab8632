import { createHash } from "node:crypto";

import {
  archivedDigest,
  type Descriptor,
  type Digest,
  type Reference,
  type ResolvedImage,
  SizeMismatchError,
  verifyBytes,
} from "@layaway/oci";

import { dockerManifestDocument, indexDocument, layoutDocument } from "./archive-documents.ts";
import { blobName, dockerManifestName, indexName, layoutName } from "./archive-names.ts";
import type { ArchivePlan, Segment } from "./archive-plan.ts";
import { TooLargeError } from "./errors.ts";
import { paddingOf, tarEndBytes, tarHeader } from "./tar-header.ts";

/**
 * Plans an image's archive, format version 1: a tar that is an OCI image layout and a docker archive at once.
 *
 * Order: `oci-layout`, `index.json`, `manifest.json`, then `blobs/sha256/<hex>`: kept indexes, manifests, configs, layers in
 * manifest order, each digest once. All small entries stand in front, so that the first bytes of an object tell where
 * every blob lies. Layers stay as the registry holds them; that is why their sizes are known.
 *
 * `name` is the name after `docker load`, where it shall not be the image's own. The same image and name always give the
 * same bytes. Throws `SizeMismatchError` where two descriptors give one digest two sizes, `DigestMismatchError` for an
 * empty layer that is not empty, `TooLargeError` where sizes do not add up to a safe integer.
 */
export function planArchive(image: ResolvedImage, options: { readonly name?: Reference } = {}): ArchivePlan {
  const name = options.name ?? image.reference;
  const tar = createTarPlan();
  tar.addFile(layoutName, layoutDocument());
  tar.addFile(indexName, indexDocument(image, name));
  tar.addFile(dockerManifestName, dockerManifestDocument(image.primary, name));

  const entries = createBlobEntries(tar);
  for (const { descriptor, bytes } of image.indexes) entries.addKnown(descriptor, bytes);
  for (const { raw } of image.images) entries.addKnown(raw.descriptor, raw.bytes);
  for (const { manifest, configBytes } of image.images) entries.addKnown(manifest.config, configBytes);
  for (const { manifest } of image.images) for (const layer of manifest.layers) entries.addLayer(layer);

  const { segments, sizeBytes } = tar.end();
  return { sizeBytes, fingerprint: fingerprintOf(segments), digest: archivedDigest(image), segments };
}

interface TarPlan {
  addFile(name: string, bytes: Uint8Array): void;
  addBlob(name: string, blob: Descriptor): void;
  end(): { readonly segments: readonly Segment[]; readonly sizeBytes: number };
}

/** Lays entries one after the other; neighbouring bytes that are known become one segment. */
function createTarPlan(): TarPlan {
  const segments: Segment[] = [];
  let offset = 0;
  let known: Uint8Array[] = [];
  let knownBytes = 0;

  const give = (bytes: Uint8Array): void => {
    known.push(bytes);
    knownBytes += bytes.length;
  };
  const flush = (): void => {
    if (knownBytes === 0) return;
    segments.push({ kind: "given", offset, bytes: Buffer.concat(known, knownBytes) });
    offset += knownBytes;
    [known, knownBytes] = [[], 0];
  };

  return {
    addFile(name, bytes) {
      give(tarHeader(name, bytes.length));
      give(bytes);
      give(new Uint8Array(paddingOf(bytes.length)));
    },
    addBlob(name, blob) {
      give(tarHeader(name, blob.size));
      flush();
      segments.push({ kind: "blob", offset, sizeBytes: blob.size, blob });
      offset += blob.size;
      if (!Number.isSafeInteger(offset))
        throw new TooLargeError("the image's layers are too large to be counted");
      give(new Uint8Array(paddingOf(blob.size)));
    },
    end() {
      give(new Uint8Array(tarEndBytes));
      flush();
      return { segments, sizeBytes: offset };
    },
  };
}

interface BlobEntries {
  addKnown(descriptor: Descriptor, bytes: Uint8Array): void;
  addLayer(layer: Descriptor): void;
}

/** Each digest becomes one entry, however often it is used. */
function createBlobEntries(tar: TarPlan): BlobEntries {
  const sizes = new Map<Digest, number>();
  const isNew = ({ digest, size }: Descriptor): boolean => {
    const before = sizes.get(digest);
    sizes.set(digest, size);
    if (before === undefined || before === size) return before === undefined;
    throw new SizeMismatchError(`${digest}: described with ${before} and with ${size} bytes`);
  };
  return {
    addKnown(descriptor, bytes) {
      if (isNew(descriptor)) tar.addFile(blobName(descriptor.digest), bytes);
    },
    addLayer(layer) {
      if (!isNew(layer)) return;
      if (layer.size > 0) return tar.addBlob(blobName(layer.digest), layer);
      // No byte of it would ever be fetched, so nobody else would check it.
      const nothing = new Uint8Array(0);
      verifyBytes(nothing, layer);
      tar.addFile(blobName(layer.digest), nothing);
    },
  };
}

/** Two plans have the same fingerprint if and only if they describe the same bytes; parts do not matter. */
function fingerprintOf(segments: readonly Segment[]): string {
  const hash = createHash("sha256").update("layaway archive 1\n");
  for (const segment of segments) {
    if (segment.kind === "given")
      hash.update(`given ${segment.offset} ${segment.bytes.length}\n`).update(segment.bytes);
    else hash.update(`blob ${segment.offset} ${segment.sizeBytes} ${segment.blob.digest}\n`);
  }
  return hash.digest("hex");
}
