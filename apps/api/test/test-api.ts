import { createMemoryGovernor, createSchedule } from "@layaway/bandwidth";
import type { Archive, RequestRecord } from "@layaway/ledger";
import type { FastifyInstance } from "fastify";
import { pino } from "pino";

import type { ApiDeps, ApiDestination } from "../src/api-deps.ts";
import type { ArchiveJobs } from "../src/archive-jobs.ts";
import { createApi } from "../src/create-api.ts";

export interface TestApi {
  readonly app: FastifyInstance;
  readonly jobs: FakeJobs;
  /** Request records, in the order they were written. */
  readonly written: RequestRecord[];
  /** Everything the API logged. */
  readonly log: () => string;
}

export const idOf = (number: number): string => `arc_${String(number).padStart(8, "0")}`;

/** An API over fakes: for what is pure HTTP. The real flow is in the tests with a real Redis. */
export function testApi(deps: Partial<ApiDeps> = {}): TestApi {
  const jobs = new FakeJobs();
  const written: RequestRecord[] = [];
  const lines: string[] = [];
  let ids = 0;
  const app = createApi({
    jobs,
    destinations: new Map([["models", testDestination({}, written)]]),
    bandwidth: {
      fleet: {
        governor: createMemoryGovernor({ limits: { rateAt: () => undefined } }),
        look: async () => ({ nowMs: 0 }),
        override: async () => {},
        clearOverride: async () => {},
      },
      schedule: createSchedule({}),
      settings: { calendar: [], perRegistry: {} },
    },
    defaultDestination: "models",
    checkRegistry: () => {},
    checkCallbackUrl: (url) => new URL(url),
    tokens: [],
    now: () => new Date("2026-05-04T08:12:31.042Z"),
    newId: () => idOf((ids += 1)),
    version: "1.2.3",
    logger: pino({}, { write: (line: string) => void lines.push(line) }),
    ...deps,
  });
  return { app, jobs, written, log: () => lines.join("") };
}

export function testDestination(
  store: Partial<ApiDestination["store"]>,
  written: RequestRecord[] = [],
): ApiDestination {
  return {
    store: {
      head: async () => undefined,
      list: async () => ({ objects: [] }),
      presignGet: async () => undefined,
      get: async () => {
        throw new Error("nothing to get");
      },
      ...store,
    },
    ledger: {
      writeRequest: async (record) => void written.push(record),
    },
  };
}

export function archiveOf(record: RequestRecord): Archive {
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

type FakeClaim = Parameters<ArchiveJobs["claim"]>[0];

/** Remembers claims and archives, as the contract of `Jobs` has it. */
export class FakeJobs implements ArchiveJobs {
  readonly archives = new Map<string, Archive>();
  readonly records: RequestRecord[] = [];
  readonly released: string[] = [];
  readonly queries: unknown[] = [];
  readonly claims: FakeClaim[] = [];

  async claim(claim: FakeClaim): ReturnType<ArchiveJobs["claim"]> {
    const sameKey = this.claims.find(
      (known) => claim.idempotencyKey !== undefined && known.idempotencyKey === claim.idempotencyKey,
    );
    if (sameKey !== undefined && sameKey.bodyHash !== claim.bodyHash) return { kind: "key-reused" };
    const known = sameKey ?? this.claims.find(({ requestHash }) => requestHash === claim.requestHash);
    if (known === undefined) {
      this.claims.push(claim);
      return { kind: "new" };
    }
    return { kind: "existing", id: known.id, enqueued: this.archives.has(known.id) };
  }

  async release(id: string): Promise<void> {
    this.released.push(id);
    this.claims.splice(0, this.claims.length, ...this.claims.filter((claim) => claim.id !== id));
  }

  async enqueue(record: RequestRecord): Promise<Archive> {
    this.records.push(record);
    const archive = archiveOf(record);
    this.archives.set(record.id, archive);
    return archive;
  }

  async get(id: string): Promise<Archive | undefined> {
    return this.archives.get(id);
  }

  async list(query: unknown): ReturnType<ArchiveJobs["list"]> {
    this.queries.push(query);
    return { items: [...this.archives.values()], nextCursor: "next" };
  }

  async counts(): ReturnType<ArchiveJobs["counts"]> {
    return { queued: 3, running: 1, waiting: 0, completed: 7, failed: 2, cancelled: 0 };
  }

  async figures(): ReturnType<ArchiveJobs["figures"]> {
    return {
      archives: { counts: { waiting: 3, active: 1 }, oldestWaitingMs: 1500 },
      webhooks: { counts: { delayed: 4 }, oldestWaitingMs: 0 },
    };
  }

  async ping(): Promise<void> {}
}
