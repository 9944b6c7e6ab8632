import { type Archive, parseArchive, type RequestRecord } from "@layaway/ledger";

/** An archive as it enters the catalogue. */
export function queuedArchive(record: RequestRecord): Archive {
  return {
    id: record.id,
    state: "queued",
    image: record.image,
    platform: record.platform,
    destination: record.destination,
    bytes: { total: 0, done: 0, fetched: 0, reused: 0 },
    labels: record.labels,
    createdAt: record.createdAt,
  };
}

/** A hash's fields and values, alternating: each of the archive's fields as JSON, so that scripts need not understand them. */
export function toFields(archive: Partial<Archive>): string[] {
  return Object.entries(archive).flatMap(([name, value]) =>
    value === undefined ? [] : [name, JSON.stringify(value)],
  );
}

/** When the figures of a moment were reported, in milliseconds since 1970. */
export const reportedAt = "_reportedAt";
/** What was so "lately" is not any more when its worker has said nothing for so long: it died, or Redis was away. */
const freshMs = 10_000;
const ofTheMoment: ReadonlySet<string> = new Set(["rate", "etaMs"]);

/**
 * `undefined` for a hash that is not there. Fields that begin with `_` are the catalogue's own. Rate and ETA are left out
 * where they are old.
 */
export function fromFields(fields: Readonly<Record<string, string>>, nowMs: number): Archive | undefined {
  if (fields["id"] === undefined) return undefined;
  const isFresh = nowMs - Number(fields[reportedAt] ?? 0) <= freshMs;
  const shown = Object.entries(fields).filter(
    ([name]) => !name.startsWith("_") && (isFresh || !ofTheMoment.has(name)),
  );
  return parseArchive(Object.fromEntries(shown.map(([name, json]) => [name, JSON.parse(json)])));
}

/** Sorts by creation time, then by id, as text. */
export function indexMember(archive: Pick<Archive, "id" | "createdAt">): string {
  return `${String(Date.parse(archive.createdAt) || 0).padStart(15, "0")}:${archive.id}`;
}

/** Milliseconds since 1970 at which the member's archive was created. */
export function createdAtOf(member: string): number {
  return Number(member.slice(0, 15));
}

export function idOf(member: string): string {
  return member.slice(16);
}
