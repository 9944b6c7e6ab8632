import { InternalError } from "@layaway/errors";

export interface EmbeddedRedisOptions {
  /** Made where it is not there; holds the append-only file, the log and the lock. */
  readonly dataDir: string;
  /** Told when the server ends by itself. */
  readonly onError?: ((error: Error) => void) | undefined;
  /** Which servers to look for on the `PATH`; `redis-server`, then `valkey-server`, unless given. */
  readonly commands?: readonly string[] | undefined;
}

export interface EmbeddedRedis {
  /** For `openJobs` and the workers. */
  readonly url: string;
  readonly pid: number;
  /** Ends the server after its data is on disk. */
  close(): Promise<void>;
}

/**
 * Starts `redis-server` or `valkey-server` for this process alone, with its data in `dataDir`, and waits until it answers.
 * Throws `InvalidRequestError` where neither is installed or another process uses the directory.
 */
export function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedRedis> {
  return Promise.reject(new InternalError(`not built yet: ${options.dataDir}`));
}
