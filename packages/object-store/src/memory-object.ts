import { createHash } from "node:crypto";
import { CancelledError } from "@layaway/errors";

export interface MemoryObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lastModified: Date;
}

/** MD5, as S3 has it for what came in one piece. It protects nothing: it names a version. */
export function etagOf(bytes: Uint8Array): string {
  return createHash("md5").update(bytes).digest("hex");
}

export function refuseAborted(signal: AbortSignal | undefined, what: string): void {
  if (signal?.aborted === true) throw new CancelledError(`${what}: cancelled`, { cause: signal.reason });
}
