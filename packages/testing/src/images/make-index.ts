import type { TestDescriptor, TestImage } from "./make-image.ts";
import { mediaTypes } from "./media-types.ts";
import type { Family } from "./media-types.ts";
import { digestOf } from "./seeded-bytes.ts";

export interface IndexSpec {
  readonly images: readonly TestImage[];
  /** OCI's media types by default. */
  readonly family?: Family;
  /** Adds, after every image, the entry of an attestation as BuildKit does: platform unknown/unknown. */
  readonly attestations?: boolean;
}

/** Several images under one digest. */
export interface TestIndex {
  readonly digest: string;
  readonly mediaType: string;
  readonly manifestBytes: Buffer;
  /** Everything the index lists, in its order, attestations too. */
  readonly images: readonly TestImage[];
}

export function makeIndex(spec: IndexSpec): TestIndex {
  const { family = "oci" } = spec;
  const entries = spec.images.flatMap((image) => {
    const entry = { image, descriptor: { ...descriptorOf(image), platform: platformOf(image.platform) } };
    return spec.attestations === true ? [entry, attestationOf(image)] : [entry];
  });
  const mediaType = mediaTypes[family].index;
  const index = { schemaVersion: 2, mediaType, manifests: entries.map((entry) => entry.descriptor) };
  const manifestBytes = Buffer.from(JSON.stringify(index, undefined, 2));
  return {
    digest: digestOf(manifestBytes),
    mediaType,
    manifestBytes,
    images: entries.map((entry) => entry.image),
  };
}

function descriptorOf(image: TestImage): TestDescriptor {
  return { mediaType: image.mediaType, digest: image.digest, size: image.manifestBytes.length };
}

function platformOf(text: string): object {
  const [os, architecture, variant] = text.split("/");
  return variant === undefined ? { architecture, os } : { architecture, os, variant };
}

function attestationOf(subject: TestImage): { image: TestImage; descriptor: object } {
  const statement = Buffer.from(
    JSON.stringify({ _type: "https://in-toto.io/Statement/v0.1", subject: [{ digest: subject.digest }] }),
  );
  const configBytes = Buffer.from(
    JSON.stringify({
      architecture: "unknown",
      os: "unknown",
      config: {},
      rootfs: { type: "layers", diff_ids: [digestOf(statement)] },
    }),
  );
  const types = mediaTypes.oci;
  const layer = {
    mediaType: "application/vnd.in-toto+json",
    digest: digestOf(statement),
    size: statement.length,
  };
  const config = { mediaType: types.config, digest: digestOf(configBytes), size: configBytes.length };
  const manifestBytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: types.manifest, config, layers: [layer] }),
  );
  const image: TestImage = {
    digest: digestOf(manifestBytes),
    mediaType: types.manifest,
    manifestBytes,
    configBytes,
    configDigest: config.digest,
    platform: "unknown/unknown",
    layers: [layer],
    diffIds: [layer.digest],
    blobs: new Map([
      [config.digest, configBytes],
      [layer.digest, statement],
    ]),
    generatedBlobs: [],
  };
  const annotations = {
    "vnd.docker.reference.type": "attestation-manifest",
    "vnd.docker.reference.digest": subject.digest,
  };
  return { image, descriptor: { ...descriptorOf(image), platform: platformOf(image.platform), annotations } };
}
