import { createHash } from "node:crypto";
import type { Redis } from "ioredis";

/** A Lua script: one atomic step. Keys that it makes up itself carry the deployment's hash tag, as its `KEYS` do. */
export interface Script {
  readonly lua: string;
  readonly sha1: string;
}

export function script(lua: string): Script {
  return { lua, sha1: createHash("sha1").update(lua).digest("hex") };
}

/** Runs a script by its hash; a server that was restarted gets it anew. */
export async function runScript(
  client: Redis,
  { lua, sha1 }: Script,
  keys: readonly string[],
  args: readonly (string | number)[],
): Promise<unknown> {
  try {
    return await client.evalsha(sha1, keys.length, ...keys, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return client.eval(lua, keys.length, ...keys, ...args);
  }
}
