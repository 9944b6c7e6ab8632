import { InternalError } from "@layaway/errors";

import type { Jobs } from "./jobs.ts";

export interface JobsOptions {
  /** `redis://`, `rediss://` or `unix:///path/redis.sock`. */
  readonly redisUrl: string;
  /** Deployments that share one Redis differ in it; `layaway` unless given. Letters, digits, `-` and `_`. */
  readonly prefix?: string | undefined;
  /** Told of every connection error; the connection heals by itself. */
  readonly onError: (error: Error) => void;
  /** How many ended archives the catalogue keeps; 10,000 unless given. */
  readonly keepArchives?: number | undefined;
}

/**
 * Connects and checks the server. Throws within about 3 s: `InternalError` where Redis is away, `InvalidRequestError`
 * where it is of no use (too old, or it would evict jobs).
 */
export function openJobs(options: JobsOptions): Promise<Jobs> {
  return Promise.reject(new InternalError(`not built yet: ${options.redisUrl}`));
}
