import type { Lease } from "@layaway/bandwidth";
import { createHash } from "node:crypto";

import {
  type Descriptor,
  type Digest,
  ociConfig,
  ociIndex,
  ociManifest,
  parseReference,
  type Reference,
  sha256Of,
} from "@layaway/oci";
import { createOutbound, type Egress, type Outbound, type OutboundOptions } from "@layaway/outbound";
import { type FaultRegistry, type FaultRegistryOptions, startFaultRegistry } from "@layaway/testing";
import { onTestFinished } from "vitest";

import { createRegistry, type Registry, type RegistryOptions } from "../src/index.ts";

export const repository = "team/app";

/** A registry that misbehaves, a client of it, and what the client did besides asking. */
export interface Fixture {
  readonly server: FaultRegistry;
  readonly client: Registry;
  /** Waits between attempts, in milliseconds; none of them takes time. */
  readonly slept: number[];
  /** Bytes that were reserved, in order. */
  readonly reserved: number[];
  readonly warnings: string[];
  reference(name: string): Reference;
}

export async function startFixture(
  options: {
    readonly server?: FaultRegistryOptions;
    readonly client?: Partial<RegistryOptions>;
    readonly outbound?: OutboundOptions;
  } = {},
): Promise<Fixture> {
  const server = await startFaultRegistry(options.server);
  const outbound = loopbackOutbound(options.outbound);
  const slept: number[] = [];
  const reserved: number[] = [];
  const warnings: string[] = [];
  const client = createRegistry({
    outbound,
    credentialsFor: () => Promise.resolve(undefined),
    plainHttpFor: () => true,
    random: () => 0,
    sleep: (ms) => {
      slept.push(ms);
      return Promise.resolve();
    },
    reserve: () => (sizeBytes) => {
      reserved.push(sizeBytes);
      return Promise.resolve(leaseOf(sizeBytes));
    },
    onWarning: ({ text }) => warnings.push(text),
    ...options.client,
  });
  onTestFinished(async () => {
    client.close();
    await outbound.close();
    await server.stop();
  });
  return {
    server,
    client,
    slept,
    reserved,
    warnings,
    reference: (name) => parseReference(`${server.host}/${repository}${name}`),
  };
}

/** A lease that nobody revokes. */
export function leaseOf(sizeBytes: number, end: (movedBytes: number) => void = () => {}): Lease {
  return { sizeBytes, revoked: new AbortController().signal, end };
}

/** Every name is this machine's: nothing leaves it. */
function loopbackOutbound(options: OutboundOptions = {}): Outbound {
  return createOutbound({
    egressFor: () => "operator",
    plainHttpFor: () => true,
    lookup: () => Promise.resolve([{ address: "127.0.0.1", family: 4 }]),
    ...options,
  });
}

/** An outbound client whose answers count as influenced by others; `asked` tells under which class each request stood. */
export function distrustfulOutbound(): {
  readonly outbound: Outbound;
  readonly asked: (Egress | undefined)[];
} {
  const inner = loopbackOutbound();
  const asked: (Egress | undefined)[] = [];
  const outbound: Outbound = {
    async request(request) {
      asked.push(request.egress);
      return { ...(await inner.request({ ...request, egress: undefined })), egress: "influenced" };
    },
    close: () => inner.close(),
  };
  return { outbound, asked };
}

export const signal: AbortSignal = new AbortController().signal;

/** Bytes that tell their place: a splice at a wrong offset never goes unnoticed. */
export function patternBytes(offset: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) {
    const place = offset + at;
    bytes[at] = (place ^ (place >>> 8) ^ (place >>> 16) ^ (place * 31)) & 0xff;
  }
  return bytes;
}

export function descriptorOf(bytes: Uint8Array, mediaType: string = "application/octet-stream"): Descriptor {
  return { mediaType, digest: sha256Of(bytes), size: bytes.length };
}

/** A blob in the registry and its descriptor. */
export function putBlob(server: FaultRegistry, bytes: Uint8Array): Descriptor {
  server.putBlob(repository, bytes);
  return descriptorOf(bytes);
}

export interface ImageOptions {
  readonly architecture?: string;
  readonly variant?: string;
  readonly tags?: readonly string[];
  readonly diffIds?: number;
  readonly seed?: string;
  readonly configBytes?: Uint8Array;
}

export interface PutImage {
  readonly manifestBytes: Buffer;
  readonly configBytes: Uint8Array;
  readonly descriptor: Descriptor;
}

/** A small image of one layer, put into the registry. */
export function putImage(server: FaultRegistry, options: ImageOptions = {}): PutImage {
  const { architecture = "amd64", variant, diffIds = 1, seed = architecture } = options;
  const layer = Buffer.from(`layer of ${seed}`);
  const rootfs = { type: "layers", diff_ids: Array.from({ length: diffIds }, () => hashOf(layer)) };
  const configBytes =
    options.configBytes ??
    json({ architecture, os: "linux", ...(variant === undefined ? {} : { variant }), rootfs });
  const manifestBytes = json({
    schemaVersion: 2,
    mediaType: ociManifest,
    config: descriptorOf(configBytes, ociConfig),
    layers: [descriptorOf(layer, "application/vnd.oci.image.layer.v1.tar")],
  });
  server.putBlob(repository, layer);
  server.putBlob(repository, configBytes);
  server.putManifest(repository, { mediaType: ociManifest, bytes: manifestBytes }, options.tags);
  const descriptor = descriptorOf(manifestBytes, ociManifest);
  return { manifestBytes, configBytes, descriptor };
}

/** An index over entries, put into the registry. */
export function putIndex(
  server: FaultRegistry,
  manifests: readonly object[],
  tags: readonly string[] = [],
): Descriptor {
  const bytes = json({ schemaVersion: 2, mediaType: ociIndex, manifests });
  server.putManifest(repository, { mediaType: ociIndex, bytes }, tags);
  return descriptorOf(bytes, ociIndex);
}

export function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function hashOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
