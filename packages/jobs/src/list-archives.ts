import { InvalidRequestError } from "@layaway/errors";
import type { Archive } from "@layaway/ledger";
import type { Redis } from "ioredis";

import { fromFields, idOf } from "./catalogue-entry.ts";
import type { ArchivePage, ListQuery } from "./jobs.ts";
import type { Keys } from "./keys.ts";

const defaultLimit = 50;
const maxLimit = 200;
/** A filter that matches little reads this many entries at most for one page; the cursor then goes on behind them. */
const maxScanned = 2000;

/** One page of the catalogue, newest first. */
export async function listArchives(client: Redis, keys: Keys, query: ListQuery): Promise<ArchivePage> {
  const limit = checkLimit(query.limit);
  const index = query.state === undefined ? keys.all : keys.inState(query.state);
  const items: Archive[] = [];
  let cursor = query.cursor === undefined ? undefined : parseCursor(query.cursor);
  for (let scanned = 0; scanned < maxScanned;) {
    const from = cursor === undefined ? "+" : `(${cursor}`;
    const members = await client.zrevrangebylex(index, from, "-", "LIMIT", 0, limit);
    const entries = await Promise.all(members.map((member) => client.hgetall(keys.entry(idOf(member)))));
    for (const [place, member] of members.entries()) {
      cursor = member;
      const archive = fromFields(entries[place] ?? {}, Date.now());
      if (archive !== undefined && matches(archive, query)) items.push(archive);
      if (items.length === limit) {
        const isLast = place === members.length - 1 && members.length < limit;
        return isLast ? { items } : { items, nextCursor: formatCursor(member) };
      }
    }
    if (members.length < limit) return { items };
    scanned += members.length;
  }
  return cursor === undefined ? { items } : { items, nextCursor: formatCursor(cursor) };
}

/** The state is asked again: it may have changed since the index was read. */
function matches(archive: Archive, { state, image, label }: ListQuery): boolean {
  if (state !== undefined && archive.state !== state) return false;
  if (image !== undefined && !archive.image.includes(image)) return false;
  if (label === undefined) return true;
  const [name = "", ...value] = label.split("=");
  const has = Object.hasOwn(archive.labels, name);
  return value.length === 0 ? has : has && archive.labels[name] === value.join("=");
}

function checkLimit(limit = defaultLimit): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= maxLimit) return limit;
  throw new InvalidRequestError(`limit: expected 1 to ${maxLimit}`);
}

function formatCursor(member: string): string {
  return Buffer.from(member).toString("base64url");
}

function parseCursor(cursor: string): string {
  const member = Buffer.from(cursor.slice(0, 200), "base64url").toString();
  if (/^\d{15}:[a-z]{1,8}_[0-9a-z]{1,64}$/.test(member)) return member;
  throw new InvalidRequestError("cursor: expected the nextCursor of an earlier page");
}
