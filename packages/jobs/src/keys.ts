import { createHash } from "node:crypto";
import { InvalidRequestError } from "@layaway/errors";
import type { ArchiveState } from "@layaway/ledger";

export const archiveQueue = "archives";
export const webhookQueue = "webhooks";

/** The names of all that a deployment keeps in Redis. One hash tag, so that one slot of a cluster holds all of it. */
export interface Keys {
  /** For BullMQ, which puts the queue's name and its own words behind it. */
  readonly prefix: string;
  /** Hash: an archive's fields, each as JSON. */
  readonly entry: (id: string) => string;
  /** What `entry` puts in front of an id, for scripts that meet ids on the way. */
  readonly entries: string;
  /** Sorted sets of `<creation time>:<id>`, all of score 0: ordered by text. */
  readonly all: string;
  readonly inState: (state: ArchiveState) => string;
  /** Sorted set of the ids that ended, by the time of their end. */
  readonly ended: string;
  /** String: the id of the open request with that hash. */
  readonly openRequest: (requestHash: string) => string;
  /** Hash `id`, `body`: the request that an `Idempotency-Key` stands for. */
  readonly idempotency: (key: string) => string;
  /** Hash `open`, `idempotency`: what a claim holds, while its request is not enqueued. */
  readonly claim: (id: string) => string;
  /** What the fleet's bandwidth governor keeps: its state, who waits in which line, their tickets, the shares' virtual times. */
  readonly bandwidth: {
    readonly state: string;
    /** What the names of lines begin with. */
    readonly line: string;
    readonly tickets: string;
    readonly finishes: string;
    readonly lines: string;
  };
}

export function keysOf(prefix = "layaway"): Keys {
  if (!/^[\w-]{1,64}$/.test(prefix))
    throw new InvalidRequestError("redis prefix: expected letters, digits, - and _");
  const tag = `{${prefix}}`;
  const entries = `${tag}:catalogue:entry:`;
  return {
    prefix: tag,
    entries,
    entry: (id) => `${entries}${id}`,
    all: `${tag}:catalogue:all`,
    inState: (state) => `${tag}:catalogue:state:${state}`,
    ended: `${tag}:catalogue:ended`,
    openRequest: (requestHash) => `${tag}:claims:open:${sha256(requestHash)}`,
    idempotency: (key) => `${tag}:claims:key:${sha256(key)}`,
    claim: (id) => `${tag}:claims:of:${id}`,
    bandwidth: {
      state: `${tag}:bandwidth:state`,
      line: `${tag}:bandwidth:line:`,
      tickets: `${tag}:bandwidth:tickets`,
      finishes: `${tag}:bandwidth:finishes`,
      lines: `${tag}:bandwidth:lines`,
    },
  };
}

/** Callers' text never becomes a key's name: it has no bound, and it may be secret. */
function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
