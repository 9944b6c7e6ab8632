import type { ArchiveEvent, ArchiveResult } from "@layaway/archiver";
import type { Archive, RequestRecord } from "@layaway/ledger";
import { sha256Of } from "@layaway/oci";

export const digest = sha256Of(Buffer.from("manifest"));

export const record: RequestRecord = {
  version: 1,
  id: "arc_00000001",
  image: "nginx:1.27",
  platform: "linux/amd64",
  destination: "models",
  callbackUrl: "https://ci.example.com/done",
  priority: 50,
  labels: { team: "blue" },
  createdAt: "2026-05-04T08:12:00.000Z",
};

export const completed: Archive = {
  id: record.id,
  state: "completed",
  image: record.image,
  digest,
  platform: record.platform,
  destination: record.destination,
  key: "nginx.tar",
  size: 1000,
  bytes: { total: 1000, done: 1000, fetched: 900, reused: 100 },
  labels: record.labels,
  createdAt: record.createdAt,
  startedAt: "2026-05-04T08:12:01.000Z",
  finishedAt: "2026-05-04T08:12:31.000Z",
};

export const failed: Archive = {
  ...completed,
  state: "failed",
  error: { code: "manifest_unknown", message: "GET ...: 404", side: "source", retryable: false },
};

export const result: Pick<ArchiveResult, "digest" | "platform" | "key" | "sizeBytes" | "etag" | "layers"> = {
  digest,
  platform: { os: "linux", architecture: "amd64" },
  key: "nginx.tar",
  sizeBytes: 1000,
  etag: "e1",
  layers: [{ digest, mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", size: 900, offset: 50 }],
};

export const events: readonly ArchiveEvent[] = [
  { kind: "planned", digest, key: "nginx.tar", sizeBytes: 1000, layers: [{ digest, sizeBytes: 900 }] },
  { kind: "fetched", blob: digest, sizeBytes: 600 },
  { kind: "retry", what: "store", message: "PUT: 503" },
  { kind: "fetched", blob: digest, sizeBytes: 300 },
  { kind: "stored", sizeBytes: 900, reusedBytes: 0 },
  { kind: "stored", sizeBytes: 100, reusedBytes: 100 },
];

export const silent = { info: () => {}, warn: () => {}, error: () => {} };
