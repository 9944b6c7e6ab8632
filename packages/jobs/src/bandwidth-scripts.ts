import { burstSeconds } from "@layaway/bandwidth";

import { type Script, script } from "./script.ts";

/**
 * What the scripts have in common. `state` is a hash: of each bucket `<name>:t` (when it was settled, ms), `<name>:k` (tokens; what
 * is owed is negative) and `<name>:r` (its rate, absent = unlimited); `virtual`, the queue's virtual time; `override` and
 * `until`, what an operator set. The server's clock is the only one that counts.
 */
const common = `
local state = KEYS[1]
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000

-- The rate that an operator set, as text, and until when; 'none' = unlimited; nothing where the configuration counts.
local function overridden()
  local set = redis.call('HMGET', state, 'override', 'until')
  if not set[1] then return nil, '' end
  if set[2] and set[2] ~= '' and tonumber(set[2]) <= now then
    redis.call('HDEL', state, 'override', 'until')
    return nil, ''
  end
  return set[1], set[2] or ''
end

local buckets = {}
-- A bucket at this moment. A rate ('none' = unlimited) replaces the one it had; what is owed stays owed.
local function bucket(name, rate)
  local found = buckets[name]
  if not found then
    local known = redis.call('HMGET', state, name .. ':t', name .. ':k', name .. ':r')
    local settled = tonumber(known[1] or now)
    found = { tokens = tonumber(known[2] or '0'), rate = tonumber(known[3] or ''), settled = math.max(now, settled) }
    local elapsed = found.settled - settled
    if found.rate then
      found.tokens = math.min(found.rate * ${burstSeconds}, found.tokens + found.rate * elapsed / 1000)
    end
    buckets[name] = found
  end
  if rate then
    local new = tonumber(rate)
    if not found.rate and new then found.tokens = new * ${burstSeconds} end
    if new then found.tokens = math.min(found.tokens, new * ${burstSeconds}) end
    found.rate = new
  end
  return found
end

local function keep()
  for name, b in pairs(buckets) do
    if b.rate then
      redis.call('HSET', state, name .. ':t', string.format('%.3f', b.settled), name .. ':k', string.format('%.3f', b.tokens), name .. ':r', string.format('%.17g', b.rate))
    else
      redis.call('HDEL', state, name .. ':t', name .. ':k', name .. ':r')
    end
  end
end
`;

/**
 * Asks for bytes, or asks again. Who waits holds a ticket in a fair queue (start-time fair queueing, as in memory) and comes
 * back when it was told to; the tokens belong to the first in line until it is overdue, so that nobody who is gone stands in
 * the way for long.
 *
 * Keys: state, queue (sorted set of tickets by start time), tickets (hash), finishes (hash of shares).
 * Arguments: ticket, bytes wanted, share, weight, whether it is granted in any case (1), names of buckets and their rates
 * in pairs ('none' = unlimited).
 * Answers: bytes granted (0 = wait), ms to wait, the server's time in ms, the operator's rate or '', until when
 * in ms or ''.
 */
export const leaseScript: Script = script(`${common}
local queue, tickets, finishes = KEYS[2], KEYS[3], KEYS[4]
local ticket, wanted, share, weight, insists = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
-- Overdue by so long: passed over. Silent for so long: its owner is gone.
local overdue, gone = 250, 5000
-- However long the line is: a change of the limit is noticed.
local longest = 200

local set, untilTime = overridden()
local names, least = {}, nil
for i = 6, #ARGV, 2 do
  local name, rate = ARGV[i], ARGV[i + 1]
  if name == 'fetch' and set then rate = set end
  names[#names + 1] = name
  local b = bucket(name, rate)
  if b.rate and (not least or b.rate < least) then least = b.rate end
end
-- As leaseBytesAt has it.
if least then wanted = math.min(wanted, 8388608, math.max(65536, math.floor(least * 0.25))) end

local virtual = tonumber(redis.call('HGET', state, 'virtual') or '0')
local packed = redis.call('HGET', tickets, ticket)
local start
if packed then
  start = cjson.decode(packed)[4]
else
  start = math.max(virtual, tonumber(redis.call('HGET', finishes, share) or '0'))
  redis.call('HSET', finishes, share, string.format('%.17g', start + wanted / weight))
  redis.call('ZADD', queue, string.format('%.17g', start), ticket)
end

local function waitOf(list)
  local wait = 0
  for _, name in ipairs(list) do
    local b = bucket(name)
    if b.rate == 0 then return math.huge end
    if b.rate and b.tokens < 0 then wait = math.max(wait, -b.tokens * 1000 / b.rate) end
  end
  return wait
end

-- Those before us: what they will take delays us, and who may take now goes first.
local ahead, first = {}, false
for _, id in ipairs(redis.call('ZRANGE', queue, 0, -1)) do
  if id == ticket then break end
  local text = redis.call('HGET', tickets, id)
  local other = text and cjson.decode(text)
  if not other or now - other[3] > gone then
    redis.call('ZREM', queue, id)
    redis.call('HDEL', tickets, id)
  elseif now - other[2] <= overdue then
    local own = false
    for i = 5, #other do if other[i] ~= 'fetch' and waitOf({ other[i] }) > 0 then own = true end end
    if not own then
      if waitOf({ unpack(other, 5) }) == 0 then first = true end
      for i = 5, #other do ahead[other[i]] = (ahead[other[i]] or 0) + other[1] end
    end
  end
end

local wait = waitOf(names)
if insists or (wait == 0 and not (first and least)) then
  for _, name in ipairs(names) do
    local b = bucket(name)
    if b.rate then b.tokens = b.tokens - wanted end
  end
  redis.call('ZREM', queue, ticket)
  redis.call('HDEL', tickets, ticket)
  if start > virtual then redis.call('HSET', state, 'virtual', string.format('%.17g', start)) end
  if redis.call('HLEN', finishes) > 1000 or redis.call('ZCARD', queue) == 0 then
    for _, id in ipairs(redis.call('HKEYS', finishes)) do
      if tonumber(redis.call('HGET', finishes, id)) <= math.max(start, virtual) then redis.call('HDEL', finishes, id) end
    end
  end
  keep()
  return { tostring(wanted), '0', string.format('%.3f', now), set or '', untilTime }
end

for _, name in ipairs(names) do
  local b = bucket(name)
  if b.rate and b.rate > 0 and ahead[name] then
    wait = math.max(wait, (ahead[name] - b.tokens) * 1000 / b.rate)
  end
end
wait = math.max(1, math.min(wait, longest))
redis.call('HSET', tickets, ticket, cjson.encode({ wanted, now + wait, now, start, unpack(names) }))
keep()
return { '0', string.format('%.3f', wait), string.format('%.3f', now), set or '', untilTime }
`);

/** Keys: state, queue, tickets. Arguments: ticket. */
export const leaveScript: Script = script(`
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
`);

/** Keys: state. Arguments: bytes moved beyond the lease (negative: not moved), names of buckets. */
export const settleScript: Script = script(`${common}
for i = 2, #ARGV do
  local b = bucket(ARGV[i])
  if b.rate then b.tokens = b.tokens - tonumber(ARGV[1]) end
end
keep()
return 1
`);

/** Keys: state. Answers: the server's time in ms, the operator's rate or '', until when in ms or ''. */
export const lookScript: Script = script(`${common}
local set, untilTime = overridden()
return { string.format('%.3f', now), set or '', untilTime }
`);

/** Keys: state. Arguments: the rate ('none' = unlimited; '' = as configured), for how many ms ('' = until it is changed). */
export const overrideScript: Script = script(`${common}
if ARGV[1] == '' then
  redis.call('HDEL', state, 'override', 'until')
else
  redis.call('HSET', state, 'override', ARGV[1], 'until', ARGV[2] == '' and '' or string.format('%.0f', now + tonumber(ARGV[2])))
end
local set, untilTime = overridden()
return { string.format('%.3f', now), set or '', untilTime }
`);
