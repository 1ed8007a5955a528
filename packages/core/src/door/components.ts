// What a cache tells of its own parts, from memory alone, without a key, tag, URL or host.

import type { Cache } from '../cache.ts'
import { engineOf } from '../engine.ts'
import type { HealthFacts, HealthStatus } from './health-source.ts'

/** One part of a cache: `cache:memory`, `cache:far`, `cache:log`. */
export interface CacheComponent {
  readonly name: string
  readonly status: HealthStatus
  readonly facts: HealthFacts
}

/** The parts of this cache, each in its own function. A part that is degraded says `warn`: the cache answers without it. */
export function componentsOf(cache: Cache): CacheComponent[] {
  return [memory(cache), farTier(cache), sharedLog(cache)].filter(component => component !== undefined)
}

function memory(cache: Cache): CacheComponent {
  const engine = cache[engineOf]
  return {
    name: 'cache:memory',
    status: engine.closed ? 'fail' : 'pass',
    facts: {
      entries: engine.near.entries,
      bytes: engine.near.bytes,
      mode: engine.flags.mode(),
      hitRatio: cache.getHitRatio(),
      fillsUnderWay: engine.responses.flights.size,
    },
  }
}

/** The store that other processes share. Requests go on without it. */
function farTier(cache: Cache): CacheComponent | undefined {
  const health = cache[engineOf].far?.health()
  if (health === undefined) return undefined
  const { state, breaker, probedAt, latencyMs, callsUnderWay, bytesUnderWay, writesPaused } = health
  return {
    name: 'cache:far',
    status: state === 'up' && !writesPaused ? 'pass' : 'warn',
    facts: {
      state,
      breaker,
      ...(probedAt !== undefined && { probedAt: new Date(probedAt).toISOString() }),
      ...(latencyMs !== undefined && { latencyMs: Math.round(latencyMs * 1000) / 1000 }),
      callsUnderWay,
      bytesUnderWay,
      writesPaused,
    },
  }
}

/** The log that other processes share. Without its word for longer than the coherence bound, nothing is served for longer than that. */
function sharedLog(cache: Cache): CacheComponent | undefined {
  const { log, now, coherenceBoundMs } = cache[engineOf]
  const confirmedAt = log.confirmedAt()
  // The log of a single process is always right.
  if (confirmedAt === Number.POSITIVE_INFINITY) return undefined
  const isKnown = confirmedAt !== Number.NEGATIVE_INFINITY
  const lagMs = Math.max(Math.round(now() - confirmedAt), 0)
  return {
    name: 'cache:log',
    status: isKnown && lagMs <= coherenceBoundMs ? 'pass' : 'warn',
    facts: { position: log.position(), ...(isKnown && { lagMs }) },
  }
}
