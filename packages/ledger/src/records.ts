import type { ErrorReport } from "@layaway/errors";

/** Where an archive stands; `waiting` means it was told to come back later (by a 429, for instance). */
export type ArchiveState = "queued" | "running" | "waiting" | "completed" | "failed" | "cancelled";

/** What somebody asked for: written into the destination's bucket before the request is accepted. */
export interface RequestRecord {
  readonly version: 1;
  readonly id: string;
  /** As it was given. */
  readonly image: string;
  /** `linux/amd64`, or `all`. */
  readonly platform: string;
  /** The destination's name in the configuration. */
  readonly destination: string;
  /** The name after `docker load`, where another one was asked for. */
  readonly name?: string;
  readonly callbackUrl?: string;
  /** 1 (first) to 100 (last); 50 unless given. */
  readonly priority: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  /** Who asked: the id of an API token, never the token. */
  readonly requester?: string;
}

export interface ReceiptLayer {
  readonly digest: string;
  readonly mediaType: string;
  readonly size: number;
  /** Place of its first byte in the archive. */
  readonly offset: number;
}

/** How a request ended: written after the commit, before anybody is told. */
export interface Receipt {
  readonly version: 1;
  readonly id: string;
  readonly outcome: "completed" | "failed" | "cancelled";
  readonly request: RequestRecord;
  readonly digest?: string;
  readonly key?: string;
  readonly size?: number;
  readonly etag?: string;
  readonly layers?: readonly ReceiptLayer[];
  readonly bytes?: ArchiveBytes;
  readonly error?: ErrorReport;
  readonly startedAt?: string;
  readonly finishedAt: string;
}

export interface ArchiveBytes {
  /** The archive's size, 0 until it is planned. */
  readonly total: number;
  /** Bytes that are in the store, or were there already. */
  readonly done: number;
  /** Bytes read from the registry, repeated ones too. */
  readonly fetched: number;
  /** Bytes that did not have to be fetched. */
  readonly reused: number;
}

/** An archive as the API shows it, less its links, which the API adds. */
export interface Archive {
  readonly id: string;
  readonly state: ArchiveState;
  readonly image: string;
  readonly digest?: string;
  readonly platform: string;
  readonly destination: string;
  readonly key?: string;
  readonly size?: number;
  readonly bytes: ArchiveBytes;
  /** Bytes per second, lately. */
  readonly rate?: number;
  readonly etaMs?: number;
  readonly error?: ErrorReport;
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
}
