import type { Compression } from "./compress.ts";
import type { GeneratedBlob } from "./generated-blob.ts";
import { makeLayer } from "./make-layer.ts";
import type { LayerBlob, LayerSpec } from "./make-layer.ts";
import { mediaTypes } from "./media-types.ts";
import type { Family } from "./media-types.ts";
import { digestOf } from "./seeded-bytes.ts";

export interface ImageSpec {
  /** Bottom to top. A `GeneratedBlob` is a layer that nobody unpacks, of any size. By default one small layer. */
  readonly layers?: readonly (LayerSpec | GeneratedBlob)[];
  /** Docker's media types by default. */
  readonly family?: Family;
  /** `os/architecture` or `os/architecture/variant`; linux/amd64 by default. */
  readonly platform?: string;
  /** Images of different seeds have different layers. */
  readonly seed?: string;
  readonly cmd?: readonly string[];
  readonly env?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
}

/** An image as a registry holds it: bytes, and what a test wants to compare with. */
export interface TestImage {
  readonly digest: string;
  readonly mediaType: string;
  readonly manifestBytes: Buffer;
  readonly configBytes: Buffer;
  readonly configDigest: string;
  readonly platform: string;
  /** In manifest order, repeated ones too. */
  readonly layers: readonly TestDescriptor[];
  readonly diffIds: readonly string[];
  /** The config and the layers, by digest, each once. */
  readonly blobs: ReadonlyMap<string, Buffer>;
  /** The layers that no memory could hold. */
  readonly generatedBlobs: readonly GeneratedBlob[];
}

export interface TestDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Makes an image out of nothing. The same spec gives the same bytes. */
export async function makeImage(spec: ImageSpec = {}): Promise<TestImage> {
  const {
    family = "docker",
    platform = "linux/amd64",
    seed = "layaway",
    layers = [{ sizeBytes: 4096 }],
  } = spec;
  const types = mediaTypes[family];
  const made = await Promise.all(
    layers.map(async (layer, place) =>
      "read" in layer ? generatedLayer(layer) : await makeLayer(layer, `${seed}/${place}`),
    ),
  );
  const configBytes = Buffer.from(JSON.stringify(configOf(spec, platform, made)));
  const config = { mediaType: types.config, size: configBytes.length, digest: digestOf(configBytes) };
  const descriptors = made.map((layer) => ({
    mediaType: types.layers[layer.compression],
    size: sizeOf(layer),
    digest: layer.digest,
    ...(layer.compression === "zstd:chunked" ? { annotations: chunkedAnnotations } : {}),
  }));
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers: descriptors };
  const manifestBytes = Buffer.from(JSON.stringify(manifest, undefined, 3));
  const held = made.filter((layer) => "bytes" in layer);
  return {
    digest: digestOf(manifestBytes),
    mediaType: types.manifest,
    manifestBytes,
    configBytes,
    configDigest: config.digest,
    platform,
    layers: descriptors,
    diffIds: made.map((layer) => layer.diffId),
    blobs: new Map([
      [config.digest, configBytes],
      ...held.map((layer) => [layer.digest, layer.bytes] as const),
    ]),
    generatedBlobs: made.flatMap((layer) => ("blob" in layer ? [layer.blob] : [])),
  };
}

interface GeneratedLayer {
  readonly digest: string;
  readonly blob: GeneratedBlob;
  readonly compression: Compression;
  readonly diffId: string;
}

function generatedLayer(blob: GeneratedBlob): GeneratedLayer {
  return { digest: blob.digest, blob, compression: "none", diffId: blob.digest };
}

function sizeOf(layer: LayerBlob | GeneratedLayer): number {
  return "blob" in layer ? layer.blob.sizeBytes : layer.bytes.length;
}

function configOf(spec: ImageSpec, platform: string, layers: readonly { readonly diffId: string }[]): object {
  const [os, architecture, variant] = platform.split("/");
  return {
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    created: "2024-05-06T07:08:09Z",
    config: { Cmd: spec.cmd ?? ["/bin/true"], Env: spec.env ?? ["PATH=/bin"], Labels: spec.labels ?? {} },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((_, place) => ({ created: "2024-05-06T07:08:09Z", created_by: `layer ${place}` })),
  };
}

// What containers/storage writes beside a zstd:chunked layer; the places are of no use to a reader that takes the layer whole.
const chunkedAnnotations = {
  "io.github.containers.zstd-chunked.manifest-checksum": `sha256:${"0".repeat(64)}`,
  "io.github.containers.zstd-chunked.manifest-position": "0:0:0:1",
};
