import { InvalidRequestError } from "@layaway/errors";
import type { RedisOptions } from "ioredis";

/** Where a Redis is and how one gets in. */
export interface RedisAddress {
  readonly options: RedisOptions;
  /** For messages: host and port, or the socket's path; never a password. */
  readonly place: string;
}

/**
 * Reads `redis://[user:password@]host[:port][/db]`, the same with `rediss:`, or `unix:///path/redis.sock`.
 * Throws `InvalidRequestError` without quoting the URL, since it may hold a password.
 */
export function parseRedisUrl(text: string): RedisAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "unix:" && url.host === "" && url.pathname.length > 1) {
    const path = decodeURIComponent(url.pathname);
    return { options: { path }, place: path };
  }
  const database = /^\/?(\d{0,3})$/.exec(url?.pathname ?? "")?.[1];
  if (
    url === undefined ||
    !/^rediss?:$/.test(url.protocol) ||
    url.hostname === "" ||
    database === undefined
  ) {
    throw new InvalidRequestError(
      "redisUrl: expected redis://host:port, rediss://host:port or unix:///path/redis.sock",
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  const port = url.port === "" ? 6379 : Number(url.port);
  return {
    options: {
      host,
      port,
      db: Number(database),
      ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
      ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
      ...(url.protocol === "rediss:" ? { tls: { servername: host } } : {}),
    },
    place: `${url.hostname}:${port}`,
  };
}
