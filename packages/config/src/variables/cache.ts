// Every option of the cache, of its far store and of its log.

import { bytes, duration, integer, line, matching, oneOf } from '../kinds.ts'
import { optional, withDefault } from '../variable.ts'

export const cacheVariables = {
  LARDER_MODE: withDefault(
    oneOf('on', 'bypass', 'read-only', 'stale-only'),
    'on',
    'The mode of the cache; with a flag service, the one that holds while it has no answer.',
  ),
  LARDER_NAME: withDefault(line, 'default', 'What events and spans call the cache.'),
  LARDER_MAX_BYTES: withDefault(bytes(), '64MiB', 'Most bytes in memory.'),
  LARDER_MAX_ENTRY_BYTES: optional(bytes(), 'Most bytes of one entry. Without it, a quarter of `LARDER_MAX_BYTES`.'),
  LARDER_DEFAULT_TTL: withDefault(duration('0s'), '1h', 'How long a value without a `ttl` of its own is fresh.'),
  LARDER_COHERENCE_BOUND: withDefault(
    duration('0s'),
    '5s',
    'How long anything is served without a confirmation from the log that is shared.',
  ),
  LARDER_WAIT_TIMEOUT: withDefault(duration('0s'), '2s', "How long `getOrSet` waits for another's fill."),
  LARDER_FILL_TIMEOUT: withDefault(duration('0s'), '30s', 'How long a fill of `getOrSet` may take.'),
  LARDER_FAR_DEADLINE: withDefault(duration('1ms', '60s'), '50ms', 'How long a call to the far store may take.'),
  LARDER_BREAKER_FAILURES: withDefault(
    integer(1, 1_000_000),
    '5',
    'So many calls in a row without an answer, and the far store is not asked any more.',
  ),
  LARDER_BREAKER_RESET: withDefault(
    duration('1ms', '24d'),
    '60s',
    'How long it is not asked then, unless its connection comes back sooner.',
  ),
  LARDER_HEALTH_INTERVAL: withDefault(
    duration('1ms', '24d'),
    '30s',
    'How often the far store is probed while all is well.',
  ),
  LARDER_PREFIX: withDefault(
    matching(/^[^\p{Cc}\s{}]{1,128}$/u, 'at most 128 characters without spaces and braces'),
    'larder:',
    'What the names of the far store and of the log begin with, behind `REDIS_KEY_PREFIX`: one for each cache on a server.',
  ),
  LARDER_STORE_MAX_ENTRY_BYTES: withDefault(
    bytes(1024, 2 ** 29),
    '2MiB',
    'Most bytes of one entry of the far store; a larger one is kept in memory alone.',
  ),
  LARDER_LOG_TICK: withDefault(
    duration('10ms', '60s'),
    '500ms',
    'How often the log of invalidations is asked whether all has arrived.',
  ),
  LARDER_LOG_RETENTION: withDefault(duration('60s'), '7d', 'How long a record stays in it.'),
  LARDER_LOG_DEADLINE: withDefault(
    duration('10ms', '60s'),
    '1s',
    'How long an invalidation waits for its acknowledgement.',
  ),
  LARDER_LOG_REPLICAS: withDefault(
    integer(0, 100),
    '0',
    'So many replicas have to have an invalidation before it is acknowledged.',
  ),
  LARDER_LOG_CONFIRM_REPLICAS: withDefault(
    integer(0, 100),
    '0',
    'So many replicas have to follow the server whose word confirms that a node has every invalidation.',
  ),
}
