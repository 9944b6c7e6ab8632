import type { Archive } from "@layaway/ledger";

export function archiveOf(more: Partial<Archive> = {}): Archive {
  return {
    id: "arc_1",
    state: "queued",
    image: "nginx:1.27",
    platform: "linux/amd64",
    destination: "models",
    bytes: { total: 0, done: 0, fetched: 0, reused: 0 },
    labels: {},
    createdAt: "2026-05-04T08:12:00.000Z",
    ...more,
  };
}
