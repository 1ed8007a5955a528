// The two scripts that run inside Redis: each looks and writes at once, so that no other node comes between.

import { createHash } from 'node:crypto'

export interface Script {
  readonly text: string
  readonly sha: string
}

/** Records that a second try looks through; a node that is further behind asks first. */
const SCANNED = 1000
/** Records that one answer holds; a node that is further behind drops everything and goes on from the end. */
const CAUGHT_UP = 10_000
/** Records that the stream holds at the most, give or take a node of the stream. */
const KEPT = 100_000

// An entry is <sequence>-0 e <epoch> i <id> t <server's milliseconds> r <record>. The record of an epoch's beginning is empty.
const common = `
local stream = KEYS[1]
local function sequence(entry) return string.match(entry[1], '^%d+') end
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function add(n, epoch, id, at, record, channel, previous)
  local digits = string.format('%.0f', n)
  redis.call('XADD', stream, digits .. '-0', 'e', epoch, 'i', id, 't', string.format('%.0f', at), 'r', record)
  redis.call('PUBLISH', channel, epoch .. '\\n' .. digits .. '\\n' .. id .. '\\n' .. previous .. '\\n' .. record)
  return digits
end
`

/**
 * Appends a record behind the place that the node knows, and publishes it. Answers with its sequence and the id before it, or with nothing when the node's
 * place is not in the log: then it has to ask first. A record that is sent again is found behind that place and not appended twice.
 *
 * Arguments: epoch, sequence and id of the place; id, record; channel, retention; '1' when it was sent before, '1' when WAIT follows.
 */
export const appendScript = script(`${common}
local epoch, place, id = ARGV[1], ARGV[2] .. '-0', ARGV[4]
local own = redis.call('XRANGE', stream, place, place)[1]
if not own or own[2][4] ~= ARGV[3] then return false end
local head = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
if head[2][2] ~= epoch then return false end
if ARGV[8] == '1' then
  local known = own[2][4] == id and {own} or redis.call('XRANGE', stream, place, '+', 'COUNT', ${SCANNED + 1})
  if #known > ${SCANNED} then return false end
  for k = 1, #known do
    if known[k][2][4] == id then
      -- WAIT speaks of what was written last on its connection: this changes nothing, and is written.
      if ARGV[9] == '1' then redis.call('XSETID', stream, head[1]) end
      return {sequence(known[k]), k > 1 and known[k - 1][2][4] or ''}
    end
  end
end
local at = now()
local digits = add(sequence(head) + 1, epoch, id, at, ARGV[5], ARGV[6], head[2][4])
-- A record goes when the one behind it is too old as well: by then every node that is not cut off has read on.
local old = redis.call('XRANGE', stream, '-', '+', 'COUNT', 3)
for k = 1, #old - 1 do
  if (tonumber(old[k + 1][2][6]) or 0) < at - ARGV[7] then redis.call('XDEL', stream, old[k][1]) else break end
end
redis.call('XTRIM', stream, 'MAXLEN', '~', ${KEPT})
return {digits, head[2][4]}
`)

/**
 * Says what follows the node's place, that place included. A log that is not there, or that has lost the place, begins a new epoch.
 *
 * Arguments: epoch, sequence and id of the place; epoch and id for a beginning; channel.
 */
export const syncScript = script(`${common}
local head = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1]
-- What stood in the log before means nothing in a new epoch.
local function begin(n)
  redis.call('DEL', stream)
  return {'epoch', ARGV[4], add(n, ARGV[4], ARGV[5], now(), '', ARGV[6], '-'), ARGV[5]}
end
if not head then return begin(1) end
-- Somebody else's entry says nothing about what this log has lost.
if head[2][1] ~= 'e' or not head[2][8] then return begin(sequence(head) + 1) end
local epoch = head[2][2]
if epoch ~= ARGV[1] then
  -- What is older than this epoch's first record here is invalid; what is stored since may still be told by the records that follow.
  local from = redis.call('XLEN', stream) <= ${CAUGHT_UP} and redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1] or head
  return {'epoch', epoch, sequence(from), from[2][4]}
end
local known = redis.call('XRANGE', stream, ARGV[2] .. '-0', '+', 'COUNT', ${CAUGHT_UP + 1})
local own = known[1]
if own and own[1] == ARGV[2] .. '-0' and own[2][4] == ARGV[3] then
  if #known > ${CAUGHT_UP} then return {'behind', epoch, sequence(head), head[2][4]} end
  local reply = {'records', epoch}
  for k = 2, #known do
    reply[#reply + 1] = sequence(known[k])
    reply[#reply + 1] = known[k][2][4]
    reply[#reply + 1] = known[k][2][8]
  end
  return reply
end
local first = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
if tonumber(sequence(first)) > tonumber(ARGV[2]) then return {'behind', epoch, sequence(head), head[2][4]} end
return begin(sequence(head) + 1)
`)

/** A script and the digest by which the server knows it. */
export function script(text: string): Script {
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}
