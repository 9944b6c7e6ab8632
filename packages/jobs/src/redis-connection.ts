import { InternalError, InvalidRequestError, LayawayError } from "@layaway/errors";
import { Redis, type RedisOptions } from "ioredis";

import { parseRedisUrl } from "./redis-address.ts";

/** A connection that was up once and heals by itself. */
export interface RedisConnection {
  readonly client: Redis;
  /** Host and port, for messages. */
  readonly place: string;
}

/** Least Redis: BullMQ 6 warns below it. Valkey and Dragonfly tell higher figures. */
const leastVersion = [6, 2] as const;
/** How long opening may take in all; a server that is frozen accepts connections and never answers. */
const openTimeoutMs = 2800;

/** A producer fails fast: no queue in front of a connection that is away, and no waiting for a frozen server. */
export const producerOptions: RedisOptions = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  commandTimeout: 2000,
};

/** A worker waits as long as it takes; what must not wait is watched by the lock watchdog. BullMQ wants `null`. */
export const workerOptions: RedisOptions = { maxRetriesPerRequest: null };

/**
 * Opens a connection and checks the server. Throws within 3 s: `InternalError` where it is away, `InvalidRequestError`
 * where it would lose jobs or is too old.
 */
export async function connectRedis(
  redisUrl: string,
  options: RedisOptions,
  onError: (error: Error) => void,
): Promise<RedisConnection> {
  const address = parseRedisUrl(redisUrl);
  const { place } = address;
  const client = new Redis({
    ...address.options,
    ...options,
    lazyConnect: true,
    connectTimeout: 2500,
    // After a failover the old primary still answers, and refuses every write.
    reconnectOnError: (error: Error): boolean => error.message.startsWith("READONLY"),
    // The shapes of RESP2, over either protocol.
    replyMapping: "legacy" as const,
  });
  let lastError: Error | undefined;
  let opened = false;
  client.on("error", (error: Error) => {
    lastError = error;
    if (opened) onError(redisError(place, error));
  });
  try {
    await within(openTimeoutMs, async () => {
      await client.connect();
      checkServer(await client.info(), place);
    });
    opened = true;
    return { client, place };
  } catch (error) {
    client.disconnect();
    if (error instanceof LayawayError) throw error;
    throw redisError(place, lastError ?? error);
  }
}

/** What a failure of Redis is to everybody else. */
export function redisError(place: string, cause: unknown): InternalError {
  const text = cause instanceof Error ? cause.message || String(Reflect.get(cause, "code") ?? "") : "";
  const message = (text.split("\n", 1)[0] ?? "").slice(0, 160) || "no answer";
  return new InternalError(`redis at ${place}: ${message}`, { cause });
}

/** The last error of a client says more than the "Connection is closed." that follows from it. */
async function within(timeoutMs: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** `INFO` rather than `CONFIG GET`: managed servers refuse the latter. */
function checkServer(info: string, place: string): void {
  const fact = (name: string): string => new RegExp(`^${name}:(.*)\\r?$`, "m").exec(info)?.[1]?.trim() ?? "";
  const policy = fact("maxmemory_policy");
  if (Number(fact("maxmemory")) > 0 && policy !== "" && policy !== "noeviction") {
    throw new InvalidRequestError(
      `redis at ${place}: maxmemory-policy is ${policy}, which would throw jobs away; set it to noeviction`,
    );
  }
  const version = fact("redis_version");
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (version !== "" && (major < leastVersion[0] || (major === leastVersion[0] && minor < leastVersion[1]))) {
    throw new InvalidRequestError(
      `redis at ${place}: version ${version} is too old, ${leastVersion.join(".")} is needed`,
    );
  }
}
