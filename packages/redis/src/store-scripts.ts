// The scripts of the far store: each reads what is small and writes at once, so that no other process comes between.

import { type Script, script } from './scripts.ts'

// A resource is a hash: `r` its rule, `v<variant>` a frame, `m<variant>` what the frame says of its age: epoch, position, filledAt, expiresAt.
// A lease is a hash: `o` who holds it (`-`: nobody, whoever wants it runs his own), and a field for each process that waits.

// Where a stranger has put another type of value, or no such text, there is nothing: it goes, and stops nobody.
const read = `
local function read(key, field)
  local value = redis.pcall('HGET', key, field)
  if type(value) ~= 'table' then return value end
  redis.call('DEL', key)
  return false
end
`

const endLease = `${read}
local function endLease(lease, name, token, wake, outcome, apartMs)
  if read(lease, 'o') ~= token then return end
  local waiting = redis.call('HKEYS', lease)
  redis.call('DEL', lease)
  if outcome == 'apart' and tonumber(apartMs) > 0 then
    redis.call('HSET', lease, 'o', '-')
    redis.call('PEXPIRE', lease, apartMs)
  end
  for _, process in ipairs(waiting) do
    if process ~= 'o' then redis.call('PUBLISH', wake .. process, outcome .. ' ' .. name) end
  end
end
`

/**
 * Stores a frame unless a newer one is there, and ends the lease under which it was made.
 *
 * Keys: resource, lease. Arguments: rule, the rule that it widens, variant; epoch, position, filledAt, expiresAt, lifetime; most variants, frame;
 * name and token of the lease, beginning of the channels.
 */
export const setScript: Script = script(`${endLease}
local resource = KEYS[1]
local rule = read(resource, 'r')
if rule and rule ~= ARGV[1] then
  if rule ~= ARGV[2] then return {'rule', rule} end
  redis.call('DEL', resource)
end
local outcome = 'stored'
local known = redis.call('HGET', resource, 'm' .. ARGV[3])
local epoch, position, filledAt = string.match(known or '', '^(%S+) (%S+) (%S+)')
position, filledAt = tonumber(position), tonumber(filledAt)
if position and filledAt then
  local isSame = epoch == ARGV[4]
  if isSame and position > tonumber(ARGV[5]) then outcome = 'outdone' end
  if (not isSame or position == tonumber(ARGV[5])) and filledAt > tonumber(ARGV[6]) then outcome = 'outdone' end
elseif not known and redis.call('HLEN', resource) > 2 * ARGV[9] then
  local time = redis.call('TIME')
  local at = time[1] * 1000
  local left = 0
  for _, field in ipairs(redis.call('HKEYS', resource)) do
    if string.sub(field, 1, 1) == 'm' then
      local expiresAt = tonumber(string.match(redis.call('HGET', resource, field), '%S+$'))
      if expiresAt and expiresAt >= at then
        left = left + 1
      else
        redis.call('HDEL', resource, field, 'v' .. string.sub(field, 2))
      end
    end
  end
  if left >= tonumber(ARGV[9]) then outcome = 'full' end
end
if outcome == 'stored' then
  local meta = ARGV[4] .. ' ' .. ARGV[5] .. ' ' .. ARGV[6] .. ' ' .. ARGV[7]
  redis.call('HSET', resource, 'r', ARGV[1], 'm' .. ARGV[3], meta, 'v' .. ARGV[3], ARGV[10])
  if redis.call('PTTL', resource) < tonumber(ARGV[8]) then redis.call('PEXPIRE', resource, ARGV[8]) end
end
if ARGV[12] ~= '' and outcome ~= 'full' then endLease(KEYS[2], ARGV[11], ARGV[12], ARGV[13], 'stored', 0) end
return outcome
`)

/**
 * Asks for a lease, unless it is too late for that. With a variant, only when that is not stored, or was filled no later than is known.
 *
 * Keys: lease, resource. Arguments: token, milliseconds, process, until when; '1', a variant and an instant or '', or '0'.
 */
export const claimScript: Script = script(`${read}
local time = redis.call('TIME')
if time[1] * 1000 + time[2] / 1000 > tonumber(ARGV[4]) then return 'late' end
if ARGV[5] == '1' and redis.pcall('HEXISTS', KEYS[2], 'v' .. ARGV[6]) == 1 then
  if ARGV[7] == '' then return 'there' end
  local known = redis.call('HGET', KEYS[2], 'm' .. ARGV[6])
  local filledAt = tonumber(string.match(known or '', '^%S+ %S+ (%S+)'))
  if filledAt and filledAt > tonumber(ARGV[7]) then return 'there' end
end
local holder = read(KEYS[1], 'o')
if holder == '-' then return 'apart' end
if holder and holder ~= ARGV[1] then
  redis.call('HSET', KEYS[1], ARGV[3], '')
  return 'held'
end
redis.call('HSET', KEYS[1], 'o', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'mine'
`)

/** Keys: lease. Arguments: name, token, beginning of the channels, outcome, how long `apart` holds. */
export const releaseScript: Script = script(`${endLease}
endLease(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
return 'ended'
`)

/** The clock of the server that holds the key: of a Cluster's clocks always the same one. Keys: any. */
export const timeScript: Script = script(`
local time = redis.call('TIME')
return {time[1], time[2]}
`)
