import { type Script, script } from "./script.ts";

/** Keys: entry, all, queued, claim. Arguments: id, member, fields. */
export const createScript: Script = script(`
local entry, all, queued, claim = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, member = ARGV[1], ARGV[2]
if redis.call('HEXISTS', entry, 'id') == 1 then return 0 end
redis.call('HSET', entry, '_member', member, unpack(ARGV, 3))
redis.call('ZADD', all, 0, member)
redis.call('ZADD', queued, 0, member)
-- From here on the claim on the request's hash lasts until the archive ends.
local open = redis.call('HGET', claim, 'open')
if open then
  redis.call('SET', open, id, 'NX')
  if redis.call('GET', open) == id then
    redis.call('PERSIST', open)
    redis.call('HSET', entry, '_open', open)
  end
  redis.call('DEL', claim)
end
return 1
`);

/** Keys: entry, the indexes of all states. Arguments: owner, mode, index of the new state or nothing, fields. */
export const moveScript: Script = script(`
local entry, owner, mode, to = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local known = redis.call('HMGET', entry, 'state', '_owner', '_member')
local state, member = known[1], known[3]
if not state or state == '"completed"' or state == '"failed"' or state == '"cancelled"' then return 0 end
if mode == 'own' and known[2] ~= owner then return 0 end
if to ~= '' then
  for i = 2, #KEYS do redis.call('ZREM', KEYS[i], member) end
  redis.call('ZADD', to, 0, member)
  -- They belong to a moment of the attempt that ended or has not begun.
  redis.call('HDEL', entry, 'rate', 'etaMs', 'error')
end
-- What is left follows from the rate: where that is told without it, it is not known.
for i = 4, #ARGV, 2 do
  if ARGV[i] == 'rate' then redis.call('HDEL', entry, 'etaMs') end
end
if mode == 'begin' then redis.call('HSET', entry, '_owner', owner) end
redis.call('HSET', entry, unpack(ARGV, 4))
return 1
`);

/** Keys: entry. Arguments: the outcome. Answers with the outcome that counts; nothing where the archive ended already. */
export const outcomeScript: Script = script(`
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return ARGV[1] end
if state == '"completed"' or state == '"failed"' or state == '"cancelled"' then return false end
redis.call('HSETNX', KEYS[1], '_outcome', ARGV[1])
return redis.call('HGET', KEYS[1], '_outcome')
`);

/**
 * Keys: entry, all, ended, index of its last state, the indexes of all states.
 * Arguments: id, member, time of the end, how many ended ones to keep, what stands before an id in an entry's key, fields.
 * An entry that was lost (a flush) comes back with its end.
 */
export const finishScript: Script = script(`
local entry, all, ended, to = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, member, time, keep, entries = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local state = redis.call('HGET', entry, 'state')
if state == '"completed"' or state == '"failed"' or state == '"cancelled"' then return 0 end
local open = redis.call('HGET', entry, '_open')
if open and redis.call('GET', open) == id then redis.call('DEL', open) end
for i = 5, #KEYS do redis.call('ZREM', KEYS[i], member) end
redis.call('DEL', entry)
redis.call('HSET', entry, '_member', member, unpack(ARGV, 6))
redis.call('ZADD', all, 0, member)
redis.call('ZADD', to, 0, member)
redis.call('ZADD', ended, time, id)
local excess = math.min(redis.call('ZCARD', ended) - keep, 100)
for _ = 1, excess do
  local oldest = redis.call('ZPOPMIN', ended)[1]
  local old = redis.call('HGET', entries .. oldest, '_member')
  redis.call('DEL', entries .. oldest)
  if old then
    redis.call('ZREM', all, old)
    for i = 5, #KEYS do redis.call('ZREM', KEYS[i], old) end
  end
end
return 1
`);
