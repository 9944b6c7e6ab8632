import type { Redis } from "ioredis";

import type { Claim, ClaimAnswer } from "./jobs.ts";
import type { Keys } from "./keys.ts";
import { runScript, script } from "./script.ts";

/** How long an `Idempotency-Key` is remembered. */
const idempotencySeconds = 24 * 3600;
/** How long a request may take from its claim to its place in the queue; then an equal one may come in its stead. */
const pendingSeconds = 60;

/** Takes the request's hash and its `Idempotency-Key` for one id, or says whose they are. One atomic step. */
export async function claimRequest(client: Redis, keys: Keys, claim: Claim): Promise<ClaimAnswer> {
  const { id, requestHash, idempotencyKey, bodyHash } = claim;
  const open = keys.openRequest(requestHash);
  const idempotency = idempotencyKey === undefined ? "" : keys.idempotency(idempotencyKey);
  const answer = await runScript(
    client,
    claimScript,
    [open, keys.claim(id), ...(idempotency === "" ? [] : [idempotency])],
    [id, bodyHash, keys.entries, pendingSeconds, idempotencySeconds],
  );
  const [kind, existing, enqueued] = Array.isArray(answer) ? answer.map(String) : [];
  if (kind === "key-reused") return { kind };
  if (kind === "existing" && existing !== undefined)
    return { kind, id: existing, enqueued: enqueued === "1" };
  return { kind: "new" };
}

export async function releaseClaim(client: Redis, keys: Keys, id: string): Promise<void> {
  await runScript(client, releaseScript, [keys.entry(id), keys.claim(id)], [id]);
}

const claimScript = script(`
local open, claim, key = KEYS[1], KEYS[2], KEYS[3]
local id, body, entries, pending, remembered = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local function existing(other)
  return {'existing', other, tostring(redis.call('HEXISTS', entries .. other, 'id'))}
end
local function remember(other)
  if not key then return end
  redis.call('HSET', key, 'id', other, 'body', body)
  redis.call('EXPIRE', key, remembered)
end
if key then
  local known = redis.call('HMGET', key, 'id', 'body')
  if known[1] then
    if known[2] ~= body then return {'key-reused'} end
    return existing(known[1])
  end
end
local holder = redis.call('GET', open)
if holder then
  remember(holder)
  return existing(holder)
end
redis.call('SET', open, id, 'EX', pending)
remember(id)
redis.call('HSET', claim, 'open', open, 'key', key or '')
redis.call('EXPIRE', claim, remembered)
return {'new'}
`);

// Another caller may have gone on with the id and enqueued it: then the claim is no longer ours to undo.
const releaseScript = script(`
local entry, claim, id = KEYS[1], KEYS[2], ARGV[1]
if redis.call('HEXISTS', entry, 'id') == 1 then return 0 end
local held = redis.call('HMGET', claim, 'open', 'key')
if held[1] and redis.call('GET', held[1]) == id then redis.call('DEL', held[1]) end
if held[2] and held[2] ~= '' and redis.call('HGET', held[2], 'id') == id then redis.call('DEL', held[2]) end
redis.call('DEL', claim)
return 1
`);
