import type { Archive, ArchiveState, RequestRecord } from "@layaway/ledger";
import type { Redis } from "ioredis";

import {
  createdAtOf,
  fromFields,
  indexMember,
  queuedArchive,
  reportedAt,
  toFields,
} from "./catalogue-entry.ts";
import { createScript, finishScript, moveScript, outcomeScript } from "./catalogue-scripts.ts";
import { type Outcome, parseOutcome } from "./outcome.ts";
import type { Keys } from "./keys.ts";
import { runScript } from "./script.ts";

const archiveStates: readonly ArchiveState[] = [
  "queued",
  "running",
  "waiting",
  "completed",
  "failed",
  "cancelled",
];

/** All archives that are known, with an index by creation time for all of them and for each state. */
export interface Catalogue {
  /** Puts a new archive in; changes nothing where it is there. Answers with what is there then. */
  create(record: RequestRecord): Promise<Archive>;
  get(id: string): Promise<Archive | undefined>;
  counts(): Promise<Record<ArchiveState, number>>;
  /** How long the oldest archive in that state has been there since its creation; 0 where there is none. */
  oldestAgeMs(state: ArchiveState, nowMs: number): Promise<number>;
  /** The attempt that begins owns the entry from now on: what an earlier one still says is ignored. */
  begin(record: RequestRecord, owner: string, startedAt: string): Promise<void>;
  /** Changes what the owner may change; `state` moves it. Answers false where the entry ended, went, or has another owner. */
  change(id: string, owner: string, fields: Partial<Archive>): Promise<boolean>;
  /** Writes down how it ended before anybody is told. The first one stays and counts; `undefined`: it ended long since. */
  keepOutcome(outcome: Outcome): Promise<Outcome | undefined>;
  keptOutcome(id: string): Promise<Outcome | undefined>;
  /** Counts the times that telling was tried. */
  countSettle(id: string): Promise<number>;
  /** Moves it to its end, frees its claim, and drops the archives that ended longest ago beyond `keep`. */
  finish(outcome: Outcome, keep: number): Promise<void>;
}

/** @param now milliseconds since 1970 */
export function createCatalogue(client: Redis, keys: Keys, now: () => number = Date.now): Catalogue {
  const get = async (id: string): Promise<Archive | undefined> =>
    fromFields(await client.hgetall(keys.entry(id)), now());
  const create = async (record: RequestRecord): Promise<Archive> => {
    const archive = queuedArchive(record);
    await runScript(
      client,
      createScript,
      [keys.entry(archive.id), keys.all, keys.inState("queued"), keys.claim(archive.id)],
      [archive.id, indexMember(archive), ...toFields(archive)],
    );
    return (await get(archive.id)) ?? archive;
  };
  const move = async (
    id: string,
    owner: string,
    mode: "begin" | "own",
    fields: Partial<Archive>,
  ): Promise<boolean> => {
    const from = archiveStates.map(keys.inState);
    const to = fields.state === undefined ? "" : keys.inState(fields.state);
    const answer = await runScript(
      client,
      moveScript,
      [keys.entry(id), ...from],
      [owner, mode, to, ...toFields(fields), ...(fields.rate === undefined ? [] : [reportedAt, now()])],
    );
    return answer === 1;
  };
  return {
    create,
    get,
    async counts() {
      const figures = await Promise.all(archiveStates.map((state) => client.zcard(keys.inState(state))));
      const [queued = 0, running = 0, waiting = 0, completed = 0, failed = 0, cancelled = 0] = figures;
      return { queued, running, waiting, completed, failed, cancelled };
    },
    async oldestAgeMs(state, nowMs) {
      const [member] = await client.zrange(keys.inState(state), 0, "0");
      return member === undefined ? 0 : Math.max(0, nowMs - createdAtOf(member));
    },
    async begin(record, owner, startedAt) {
      await create(record);
      await move(record.id, owner, "begin", { state: "running", startedAt });
    },
    change: (id, owner, fields) => move(id, owner, "own", fields),
    async keepOutcome(outcome) {
      const kept = await runScript(
        client,
        outcomeScript,
        [keys.entry(outcome.archive.id)],
        [JSON.stringify(outcome)],
      );
      return typeof kept === "string" ? parseOutcome(kept) : undefined;
    },
    async keptOutcome(id) {
      const kept = await client.hget(keys.entry(id), "_outcome");
      return typeof kept === "string" ? parseOutcome(kept) : undefined;
    },
    countSettle: (id) => client.hincrby(keys.entry(id), "_settles", "1"),
    async finish({ archive }, keep) {
      await runScript(
        client,
        finishScript,
        [
          keys.entry(archive.id),
          keys.all,
          keys.ended,
          keys.inState(archive.state),
          ...archiveStates.map(keys.inState),
        ],
        [
          archive.id,
          indexMember(archive),
          Date.parse(archive.finishedAt ?? "") || 0,
          keep,
          keys.entries,
          ...toFields(archive),
        ],
      );
    },
  };
}
