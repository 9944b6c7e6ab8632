// How the cost of bookkeeping grows: images in memory, a store that keeps nothing, parts of 64 KiB. Writes JSON:
// CPU seconds per GiB by the number of parts, and CPU microseconds per layer by the number of layers.
import { createHash } from "node:crypto";
import process from "node:process";

import { partsOf, planArchive } from "@layaway/archive";
import { archiveImage } from "@layaway/archiver";
import { parseReference } from "@layaway/oci";

const partBytes = 64 * 1024;
const types = {
  manifest: "application/vnd.oci.image.manifest.v1+json",
  config: "application/vnd.oci.image.config.v1+json",
  layer: "application/vnd.oci.image.layer.v1.tar",
};
const limits = {
  minPartBytes: 1,
  maxPartBytes: partBytes,
  maxParts: 100_000,
  minCopySourceBytes: 1,
  maxObjectBytes: 2 ** 45,
};

// The first round warms up.
for (const parts of [1000, 1000]) await cpuPerGibibyte(parts);
const perGibibyte = {};
for (const parts of [100, 1000, 10_000]) perGibibyte[parts] = await cpuPerGibibyte(parts);
const perLayer = {};
for (const layers of [100, 100, 1000, 10_000]) perLayer[layers] = cpuPerLayer(layers);
process.stdout.write(JSON.stringify({ perGibibyte, perLayer }));

/** Fewer parts are moved several times, so that all figures stand on as many bytes. */
async function cpuPerGibibyte(parts) {
  const sizeBytes = parts * partBytes - 16 * 1024;
  const image = imageOf([{ mediaType: types.layer, digest: digestOfZeros(sizeBytes), size: sizeBytes }]);
  const times = Math.max(1, 10_000 / parts);
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) {
    await archiveImage({
      reference: image.reference,
      source: { resolve: async () => image, openBlob: zeroReader },
      store: discardingStore(),
      partSizeBytes: partBytes,
      signal: new AbortController().signal,
    });
  }
  return secondsSince(before) / ((times * sizeBytes) / 1024 ** 3);
}

function cpuPerLayer(count) {
  const layers = Array.from({ length: count }, (_, place) => {
    const digest = `sha256:${createHash("sha256").update(String(place)).digest("hex")}`;
    return { mediaType: types.layer, digest, size: 1000 + place };
  });
  const image = imageOf(layers);
  const times = Math.max(1, 10_000 / count);
  const before = process.cpuUsage();
  for (let time = 0; time < times; time += 1) {
    const plan = planArchive(image, {});
    partsOf(plan, { ...limits, maxPartBytes: 2 ** 32, preferredPartBytes: 16 * 1024 * 1024 });
  }
  return (secondsSince(before) * 1e6) / (times * count);
}

function imageOf(layers) {
  const configBytes = Buffer.from(
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
    }),
  );
  const config = described(types.config, configBytes);
  const manifest = { schemaVersion: 2, mediaType: types.manifest, config, layers };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const raw = { descriptor: described(types.manifest, bytes), bytes };
  const primary = {
    platform: { os: "linux", architecture: "amd64" },
    raw,
    manifest: { kind: "manifest", mediaType: types.manifest, config, layers },
    configBytes,
  };
  const reference = parseReference("registry.example.com/growth:1");
  return { reference, root: raw, indexes: [], primary, images: [primary] };
}

function described(mediaType, bytes) {
  return {
    mediaType,
    digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
    size: bytes.length,
  };
}

function digestOfZeros(sizeBytes) {
  const hash = createHash("sha256");
  const block = Buffer.alloc(16 * 1024);
  for (let at = 0; at < sizeBytes; at += block.length) hash.update(block);
  return `sha256:${hash.digest("hex")}`;
}

function zeroReader() {
  return {
    async read(into, _offset, { onBytes }) {
      into.fill(0);
      onBytes(into.length);
    },
    close() {},
  };
}

function discardingStore() {
  let storedBytes = 0;
  return {
    limits,
    url: (key) => `discarded://${key}`,
    head: async () => undefined,
    createUpload: async (key) => ({ key, uploadId: "1" }),
    async uploadPart(_upload, number, bytes) {
      storedBytes += bytes.length;
      return { number, etag: "part", sizeBytes: bytes.length };
    },
    completeUpload: async () => ({ etag: String(storedBytes) }),
    abortUpload: async () => {},
  };
}

function secondsSince(before) {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}
