import type { S3Client } from "@aws-sdk/client-s3";
import type { Pacer } from "@layaway/object-store";

import type { KeySpace } from "./key-space.ts";
import type { PacedBodies } from "./pace-parts.ts";
import type { PartChecksums } from "./part-checksums.ts";

/** What all calls of one store work with. */
export interface S3Context {
  readonly client: S3Client;
  /** The same for calls on which nothing may move for long: copies and completions, and parts that are held back. */
  readonly patientClient: S3Client;
  /** Where parts have a limit. */
  readonly pacing: { readonly pacer: Pacer; readonly pacedBodies: PacedBodies } | undefined;
  readonly keys: KeySpace;
  readonly checksums: PartChecksums;
  readonly partTimeoutMs: number | undefined;
  readonly pageSize: number;
}

/** S3 writes ETags in quotes; the contract has them without. */
export function withoutQuotes(etag: string): string {
  return etag.replace(/^"(.*)"$/u, "$1");
}

export function withQuotes(etag: string): string {
  return `"${etag}"`;
}
