import type { Archive, ArchiveState, RequestRecord } from "@layaway/ledger";

/** What makes two requests the same one, asked for before anything is written. */
export interface Claim {
  /** The id that the request gets when it turns out to be new. */
  readonly id: string;
  /** Hash over what is asked for: two open requests with one hash are one request. */
  readonly requestHash: string;
  /** As the caller sent it. */
  readonly idempotencyKey?: string;
  /** Hash over the request's body: an `Idempotency-Key` that repeats with another body is refused. */
  readonly bodyHash: string;
}

/**
 * `existing` names the request that is already there. Where `enqueued` is false, its first caller has not finished
 * (or died between claim and enqueue): go on with that id, write its record and enqueue it; both can be repeated.
 */
export type ClaimAnswer =
  | { readonly kind: "new" }
  | { readonly kind: "existing"; readonly id: string; readonly enqueued: boolean }
  | { readonly kind: "key-reused" };

export interface ListQuery {
  readonly state?: ArchiveState | undefined;
  /** A part of the image as it was given. */
  readonly image?: string | undefined;
  /** `name` or `name=value`. */
  readonly label?: string | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  /** 1 to 200; 50 unless given. */
  readonly limit?: number | undefined;
}

export interface ArchivePage {
  /** Newest first. May hold fewer than the limit, even none, while there are more pages: a scan is bounded. */
  readonly items: readonly Archive[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface QueueFigures {
  /** Jobs by their place in the queue: `waiting`, `prioritized`, `active`, `delayed`, `failed`. */
  readonly counts: Readonly<Record<string, number>>;
  /** Age of the job that waits longest; 0 where none waits. */
  readonly oldestWaitingMs: number;
}

export interface JobsFigures {
  readonly archives: QueueFigures;
  readonly webhooks: QueueFigures;
}

export interface WebhookDelivery {
  /** The event's id, `evt_...`: letters, digits, `_` and `-`. */
  readonly eventId: string;
  readonly url: string;
  /** Serialised once; every attempt sends these bytes. */
  readonly body: string;
}

/**
 * What a producer (the API, a hook) does with the queue and the catalogue of archives.
 *
 * Every method fails within about 2 s while Redis is away, with an `InternalError`. A failure never means "not done":
 * repeat the call, all of them can be repeated.
 */
export interface Jobs {
  /** Atomic. The claim on the hash is freed when the archive ends; an `Idempotency-Key` is remembered for 24 h. */
  claim(claim: Claim): Promise<ClaimAnswer>;
  /** Undoes a claim whose request record could not be written. Does nothing once the request is enqueued. */
  release(id: string): Promise<void>;
  /** Puts the archive into the catalogue and its job into the queue. Of an id that is there already it adds only what lacks. */
  enqueue(record: RequestRecord): Promise<Archive>;
  get(id: string): Promise<Archive | undefined>;
  /** Throws `InvalidRequestError` for a cursor that is none of ours. */
  list(query?: ListQuery): Promise<ArchivePage>;
  counts(): Promise<Readonly<Record<ArchiveState, number>>>;
  figures(): Promise<JobsFigures>;
  /** One delivery per event and URL, however often it is enqueued. */
  enqueueWebhook(delivery: WebhookDelivery): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** Queues a delivery: the same event and URL are one job, however often this is called. */
export function enqueueWebhook(jobs: Pick<Jobs, "enqueueWebhook">, delivery: WebhookDelivery): Promise<void> {
  return jobs.enqueueWebhook(delivery);
}
