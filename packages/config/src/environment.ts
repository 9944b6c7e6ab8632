import type { Config } from "./config.ts";
import type { Mistakes } from "./mistakes.ts";

/** The process's environment, as an argument. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable's value; one that is set to nothing counts as absent, as shells make it easy to do. */
export function variable(env: Environment, ...names: readonly string[]): string | undefined {
  return names.map((name) => env[name]?.trim()).find((value) => value !== undefined && value !== "");
}

type FromEnvironment = Pick<Config, "redisUrl" | "tokens" | "dataDir" | "proxy">;

/** What of the configuration only the environment tells. Values never stand in a message: most of them may hold a password. */
export function readEnvironment(env: Environment, mistakes: Mistakes): FromEnvironment {
  const redisUrl = variable(env, "REDIS_URL");
  if (redisUrl !== undefined && !isRedisUrl(redisUrl)) {
    mistakes.add(["REDIS_URL"], "must be a URL that begins with redis:// or rediss://");
  }
  const dataDir = variable(env, "LAYAWAY_DATA_DIR");
  return {
    tokens: tokensOf(variable(env, "LAYAWAY_TOKENS"), mistakes),
    proxy: proxyOf(env),
    ...(redisUrl === undefined ? {} : { redisUrl }),
    ...(dataDir === undefined ? {} : { dataDir }),
  };
}

function isRedisUrl(text: string): boolean {
  return /^rediss?:\/\/[^/]/u.test(text) && URL.canParse(text);
}

function tokensOf(list: string | undefined, mistakes: Mistakes): string[] {
  if (list === undefined) return [];
  const tokens = list
    .split(",")
    .map((token) => token.trim())
    .filter((token) => token !== "");
  // Set, but with no token in it: to take that for "no tokens wanted" would open the API.
  if (tokens.length === 0) mistakes.add(["LAYAWAY_TOKENS"], "names no token");
  // What `Authorization: Bearer` can carry (RFC 6750, section 2.1).
  if (!tokens.every((token) => /^[A-Za-z0-9\-._~+/]+=*$/u.test(token))) {
    mistakes.add(["LAYAWAY_TOKENS"], "a token may only hold letters, digits and -._~+/ (with = at its end)");
  }
  return [...new Set(tokens)];
}

function proxyOf(env: Environment): Config["proxy"] {
  const httpProxy = variable(env, "HTTP_PROXY", "http_proxy");
  const httpsProxy = variable(env, "HTTPS_PROXY", "https_proxy");
  const noProxy = variable(env, "NO_PROXY", "no_proxy");
  return {
    ...(httpProxy === undefined ? {} : { httpProxy }),
    ...(httpsProxy === undefined ? {} : { httpsProxy }),
    ...(noProxy === undefined ? {} : { noProxy }),
  };
}
