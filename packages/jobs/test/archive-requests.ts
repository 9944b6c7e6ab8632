import type { RequestRecord } from "@layaway/ledger";

/** A request as the API would write it; ids differ by the number and sort by it. */
export function archiveRequest(number: number, fields: Partial<RequestRecord> = {}): RequestRecord {
  return {
    version: 1,
    id: `arc_${String(number).padStart(26, "0")}`,
    image: "registry.example.com/team/app:1.4.0",
    platform: "linux/amd64",
    destination: "models",
    priority: 50,
    labels: {},
    createdAt: new Date(Date.UTC(2026, 0, 1) + number).toISOString(),
    ...fields,
  };
}
