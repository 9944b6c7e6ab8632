import { createHash } from "node:crypto";
import { setImmediate as tick } from "node:timers/promises";

import type { Descriptor, PlatformImage, ResolvedImage } from "@layaway/oci";
import { parseReference, sha256Of } from "@layaway/oci";
import type { BlobReader } from "@layaway/registry";

import type { ImageSource } from "../src/index.ts";
import type { RetryPolicy } from "../src/retry.ts";

/** Deterministic bytes that do not repeat. */
export function bytesOf(seed: string, sizeBytes: number): Buffer {
  const out = Buffer.alloc(sizeBytes);
  let block = createHash("sha256").update(seed).digest();
  for (let at = 0; at < sizeBytes; at += block.length) {
    block.copy(out, at);
    block = createHash("sha256").update(block).digest();
  }
  return out;
}

const layerType = "application/vnd.oci.image.layer.v1.tar+gzip";
const manifestType = "application/vnd.oci.image.manifest.v1+json";
const configType = "application/vnd.oci.image.config.v1+json";

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: sha256Of(bytes), size: bytes.length };
}

/** An image of the given layers, as a registry client resolves it. */
export function imageOf(layers: readonly Buffer[], reference = "registry.test/team/app:1"): ResolvedImage {
  const configBytes = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map((layer) => sha256Of(layer)) },
    }),
  );
  const config = describe(configType, configBytes);
  const descriptors = layers.map((layer) => describe(layerType, layer));
  const bytes = Buffer.from(
    JSON.stringify({ schemaVersion: 2, mediaType: manifestType, config, layers: descriptors }),
  );
  const raw = { descriptor: describe(manifestType, bytes), bytes };
  const primary: PlatformImage = {
    platform: { os: "linux", architecture: "amd64" },
    raw,
    manifest: { kind: "manifest", mediaType: manifestType, config, layers: descriptors },
    configBytes,
  };
  return { reference: parseReference(reference), root: raw, indexes: [], primary, images: [primary] };
}

export interface SourceScript {
  /** What is read instead of the true bytes, per attempt (1-based opening of the blob). */
  readonly tamper?: (blob: Descriptor, bytes: Buffer, opened: number) => Buffer;
  /** Called before each window. */
  readonly onRead?: (blob: Descriptor, offset: number, length: number) => Promise<void> | void;
}

export interface ScriptedSource extends ImageSource {
  readonly reads: { readonly digest: string; readonly offset: number; readonly length: number }[];
  /** Windows that are being read now, and the most that ever were. */
  readonly inFlight: { now: number; most: number };
}

/** A source in memory: serves windows of the given layers. */
export function sourceOf(
  image: ResolvedImage,
  layers: readonly Buffer[],
  script: SourceScript = {},
): ScriptedSource {
  const blobs = new Map(layers.map((layer) => [sha256Of(layer), layer]));
  const opened = new Map<string, number>();
  const reads: { digest: string; offset: number; length: number }[] = [];
  const inFlight = { now: 0, most: 0 };
  return {
    reads,
    inFlight,
    resolve: () => Promise.resolve(image),
    openBlob(_reference, blob): BlobReader {
      const times = (opened.get(blob.digest) ?? 0) + 1;
      opened.set(blob.digest, times);
      const stored = blobs.get(blob.digest);
      if (stored === undefined) throw new Error(`no blob ${blob.digest}`);
      const bytes = script.tamper?.(blob, stored, times) ?? stored;
      return {
        async read(into, offset, { signal, onBytes }) {
          reads.push({ digest: blob.digest, offset, length: into.length });
          inFlight.now += 1;
          inFlight.most = Math.max(inFlight.most, inFlight.now);
          try {
            await tick();
            await script.onRead?.(blob, offset, into.length);
            signal.throwIfAborted();
            into.set(bytes.subarray(offset, offset + into.length));
            onBytes?.(into.length);
          } finally {
            inFlight.now -= 1;
          }
        },
        close() {},
      };
    },
  };
}

/** Tries again at once. */
export const noDelay: RetryPolicy = {
  attempts: 3,
  firstDelayMs: 1,
  maxDelayMs: 1,
  random: () => 0,
  sleep: () => Promise.resolve(),
};

export async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}
