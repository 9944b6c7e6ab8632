import { burstSeconds, largestLeaseBytes, leaseSeconds, smallestLeaseBytes } from "@layaway/bandwidth";

import { type Script, script } from "./script.ts";

/**
 * What the scripts have in common. `state` is a hash: of each bucket `<name>:t` (when it was settled, ms), `<name>:k` (tokens; what
 * is owed is negative) and `<name>:r` (its rate, absent = unlimited); of each line `<name>:v` (its virtual time);
 * `override` and `until`, what an operator set. The server's clock is the only one that counts.
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
    found = { tokens = tonumber(known[2] or '0'), rate = tonumber(known[3] or '') }
    -- A clock that was set back (a failover to a host that is behind) only costs what lay between.
    local elapsed = math.max(0, now - tonumber(known[1] or now))
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

local function exact(number) return string.format('%.17g', number) end

local function keep()
  for name, b in pairs(buckets) do
    if b.rate then
      redis.call('HSET', state, name .. ':t', exact(now), name .. ':k', exact(b.tokens), name .. ':r', exact(b.rate))
    else
      redis.call('HDEL', state, name .. ':t', name .. ':k', name .. ':r')
    end
  end
end
`;

/**
 * Asks for bytes, or asks again. Who waits holds a ticket in a line, and comes back when it was told to. There is a line for each
 * limit, in fair order (start-time fair queueing, as in memory); the heads of those lines that also wait for the limit of
 * everything that is fetched go in the fair order of that one. A head that is overdue is passed over, so that nobody who is
 * gone stands in the way for long. Only heads are looked at, so what a call costs does not grow with the number of those who wait.
 *
 * Keys: state, what names of lines begin with, tickets (hash), finishes (hash of lines and shares), lines (set).
 * Arguments: ticket, bytes wanted, share, weight, whether it is granted in any case (1), names of buckets and their rates
 * in pairs ('none' = unlimited), the most special one last: its name is the line's.
 * Answers: bytes granted (0 = wait), ms to wait, the server's time in ms, the operator's rate or '', until when
 * in ms or ''.
 */
export const leaseScript: Script = script(`${common}
local tickets, finishes, lines = KEYS[3], KEYS[4], KEYS[5]
local ticket, wanted, share, weight, insists = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4]), ARGV[5] == '1'
-- Overdue by so long: passed over. Silent for so long: its owner is gone.
local overdue, gone = 250, 20000
-- A head comes back after so long at the latest, others later the farther back they stand.
local longest, perPlace, farthest = 200, 20, 4000

local set, untilTime = overridden()
local names, least = {}, nil
for i = 6, #ARGV, 2 do
  local name, rate = ARGV[i], ARGV[i + 1]
  if name == 'fetch' and set then rate = set end
  names[#names + 1] = name
  local b = bucket(name, rate)
  if b.rate and (not least or b.rate < least) then least = b.rate end
end
local line = names[#names]
if least then
  wanted = math.min(wanted, ${largestLeaseBytes}, math.max(${smallestLeaseBytes}, math.floor(least * ${leaseSeconds})))
end

local function queueOf(name) return KEYS[2] .. name end
local function virtual(name) return tonumber(redis.call('HGET', state, name .. ':v') or '0') end
local function startIn(name)
  return math.max(virtual(name), tonumber(redis.call('HGET', finishes, name .. ' ' .. share) or '0'))
end

local lineStart, fetchStart
local packed = redis.call('HGET', tickets, ticket)
if packed then
  local mine = cjson.decode(packed)
  lineStart, fetchStart = mine[4], mine[5]
else
  lineStart, fetchStart = startIn(line), startIn('fetch')
  redis.call('ZADD', queueOf(line), exact(lineStart), ticket)
  redis.call('SADD', lines, line)
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

-- The first of a line who is there: its ticket and what it is.
local function head(name)
  local queue, from = queueOf(name), 0
  for _ = 1, 8 do
    local ids = redis.call('ZRANGE', queue, from, from + 15)
    if #ids == 0 then return nil end
    for _, id in ipairs(ids) do
      if id == ticket then return id end
      local text = redis.call('HGET', tickets, id)
      local other = text and cjson.decode(text)
      -- One whose times lie ahead was written before the clock was set back.
      if not other or now - other[3] > gone or other[3] > now + 1000 then
        redis.call('ZREM', queue, id)
        redis.call('HDEL', tickets, id)
        from = from - 1
      elseif now - other[2] <= overdue then
        return id, other
      end
    end
    from = from + 16
  end
  return nil
end

local function grant()
  for _, name in ipairs(names) do
    local b = bucket(name)
    if b.rate then
      local left = b.tokens - wanted
      -- Who insists makes others owe no more than a second's worth.
      if insists then left = math.max(left, math.min(b.tokens, -b.rate)) end
      b.tokens = left
    end
  end
  redis.call('ZREM', queueOf(line), ticket)
  redis.call('HDEL', tickets, ticket)
  local function served(name, start)
    if start > virtual(name) then redis.call('HSET', state, name .. ':v', exact(start)) end
    redis.call('HSET', finishes, name .. ' ' .. share, exact(start + wanted / weight))
  end
  served(line, lineStart)
  if line ~= 'fetch' and line ~= 'upload' then served('fetch', fetchStart) end
  -- Shares come and go; what lies in the past says nothing any more.
  if redis.call('HLEN', finishes) > 2000 then
    local all = redis.call('HGETALL', finishes)
    for i = 1, #all, 2 do
      if tonumber(all[i + 1]) < virtual(string.match(all[i], '^[^ ]*')) then redis.call('HDEL', finishes, all[i]) end
    end
    if redis.call('HLEN', finishes) > 2000 then redis.call('DEL', finishes) end
  end
  keep()
  return { tostring(wanted), '0', exact(now), set or '', untilTime }
end

if insists or not least then return grant() end

local wait, cap = waitOf(names), longest
local first, other = head(line)
if first and first ~= ticket then
  local place = redis.call('ZRANK', queueOf(line), ticket) or 0
  cap = math.min(farthest, longest + perPlace * place)
  -- What the head wants is known; the others are taken to want as much as the one who asks.
  if least > 0 then wait = wait + (other[1] + math.max(0, place - 1) * wanted) * 1000 / least end
else
  local ahead, isAhead = 0, false
  local fetch = bucket('fetch')
  if line ~= 'upload' and fetch.rate then
    for _, name in ipairs(redis.call('SMEMBERS', lines)) do
      if name ~= line and name ~= 'upload' then
        local _, other = head(name)
        if not other then
          if redis.call('ZCARD', queueOf(name)) == 0 then redis.call('SREM', lines, name) end
        elseif other[5] < fetchStart and (name == 'fetch' or waitOf({ name }) == 0) then
          ahead, isAhead = ahead + other[1], true
        end
      end
    end
  end
  if wait == 0 and not isAhead then return grant() end
  if isAhead and fetch.rate > 0 then wait = math.max(wait, (ahead - fetch.tokens) * 1000 / fetch.rate) end
end
wait = math.max(1, math.min(wait, cap))
redis.call('HSET', tickets, ticket, cjson.encode({ wanted, now + wait, now, lineStart, fetchStart }))
keep()
return { '0', exact(wait), exact(now), set or '', untilTime }
`);

/** Keys: tickets, line. Arguments: ticket. */
export const leaveScript: Script = script(`
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
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
return { exact(now), set or '', untilTime }
`);

/** Keys: state. Arguments: the rate ('none' = unlimited; '' = as configured), for how many ms ('' = until it is changed). */
export const overrideScript: Script = script(`${common}
if ARGV[1] == '' then
  redis.call('HDEL', state, 'override', 'until')
else
  redis.call('HSET', state, 'override', ARGV[1], 'until', ARGV[2] == '' and '' or string.format('%.0f', now + tonumber(ARGV[2])))
end
local set, untilTime = overridden()
return { exact(now), set or '', untilTime }
`);
