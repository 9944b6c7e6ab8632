import type { Ledger } from "@layaway/ledger";
import type { ObjectStore } from "@layaway/object-store";
import type { Reference } from "@layaway/oci";
import type { FastifyBaseLogger } from "fastify";
import type { Registry as MetricsRegistry } from "prom-client";

import type { ArchiveJobs } from "./archive-jobs.ts";
import type { ApiBandwidth } from "./bandwidth-answer.ts";

/** A destination as the API needs it: records are written to its ledger, archives are read from its store. */
export interface ApiDestination {
  readonly store: Pick<ObjectStore, "get" | "head" | "list" | "presignGet">;
  readonly ledger: Pick<Ledger, "writeRequest">;
}

export interface ApiDeps {
  readonly jobs: ArchiveJobs;
  /** By name. Callers name destinations and never describe them. */
  readonly destinations: ReadonlyMap<string, ApiDestination>;
  readonly bandwidth: ApiBandwidth;
  readonly defaultDestination?: string | undefined;
  /** Throws a `LayawayError` where images of this registry may not be archived. */
  readonly checkRegistry: (reference: Reference) => void;
  /** Returns the URL to deliver to; throws a `LayawayError` where nothing may be delivered to it. */
  readonly checkCallbackUrl: (callbackUrl: string) => URL;
  /** Bearer tokens, any of which opens the API. None: everybody who reaches it may use it, so it must be loopback. */
  readonly tokens: readonly string[];
  /** The address that links begin with; absent: links are relative. */
  readonly publicUrl?: URL | undefined;
  readonly now: () => Date;
  /** `newArchiveId` of the ledger. */
  readonly newId: () => string;
  readonly version: string;
  readonly logger: FastifyBaseLogger;
  /** Where metrics are collected; the worker's of the same process may be the same one. */
  readonly metrics?: MetricsRegistry | undefined;
  /** How long answers may go on after `close` was called; 5 s unless given. */
  readonly closeGraceMs?: number | undefined;
}
