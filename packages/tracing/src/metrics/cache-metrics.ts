// Core's events as metrics. Labels are words of closed lists: no key, URL, tag or value is ever one.

import { type CacheEvent, onCacheEvent } from '@larder/core'
import type { Meter } from '@opentelemetry/api'
import { observeCaches } from './gauges.ts'
import { attributes, cacheLabels, durationBoundaries } from './names.ts'

/** Count and time what all caches of this process tell. Returns what ends it. */
export function recordCacheMetrics(meter: Meter): () => void {
  const labelOf = cacheLabels()
  const gauges = observeCaches(meter, labelOf)
  const instruments = {
    requests: meter.createCounter('larder.cache.requests', {
      unit: '{request}',
      description: 'HTTP requests, by what the cache made of them.',
    }),
    duration: meter.createHistogram('larder.cache.operation.duration', {
      unit: 's',
      description:
        'How long an operation on application data took, and a request until it was known how it is answered.',
      advice: { explicitBucketBoundaries: durationBoundaries },
    }),
    lookups: meter.createCounter('larder.cache.lookups', {
      unit: '{lookup}',
      description: 'Look-ups of application data, by what was found.',
    }),
    evictions: meter.createCounter('larder.cache.evictions', {
      unit: '{entry}',
      description: 'Entries that memory had no room for.',
    }),
    invalidations: meter.createCounter('larder.cache.invalidations', {
      unit: '{invalidation}',
      description: 'Invalidations that this process asked for.',
    }),
    refreshes: meter.createCounter('larder.cache.refreshes', {
      unit: '{refresh}',
      description: 'Refreshes behind stale answers, by how they ended.',
    }),
    faults: meter.createCounter('larder.cache.faults', {
      unit: '{fault}',
      description: 'What failed without a client noticing.',
    }),
    far: meter.createCounter('larder.cache.far.operations', {
      unit: '{operation}',
      description: 'Operations on the far store, by how they ended.',
    }),
    farDuration: meter.createHistogram('larder.cache.far.operation.duration', {
      unit: 's',
      description: 'How long operations on the far store took.',
      advice: { explicitBucketBoundaries: durationBoundaries },
    }),
  }

  function record(event: CacheEvent): void {
    const cache = { [attributes.cache]: labelOf(event.cache) }
    switch (event.type) {
      case 'request': {
        const status = { ...cache, [attributes.status]: event.outcome }
        instruments.requests.add(1, status)
        instruments.duration.record(event.durationMs / 1000, { ...cache, [attributes.operation]: 'request' })
        return
      }
      case 'data':
        instruments.duration.record(event.durationMs / 1000, { ...cache, [attributes.operation]: event.operation })
        if (isLookup(event.outcome)) instruments.lookups.add(1, { ...cache, [attributes.status]: event.outcome })
        return
      case 'refresh':
        if (event.outcome !== 'started') instruments.refreshes.add(1, { ...cache, [attributes.outcome]: event.outcome })
        return
      case 'invalidation':
        instruments.invalidations.add(1, { ...cache, [attributes.kind]: event.kind })
        return
      case 'eviction':
        instruments.evictions.add(1, cache)
        return
      case 'fault':
        instruments.faults.add(1, { ...cache, [attributes.operation]: event.operation })
        return
      case 'far':
        instruments.far.add(1, { ...cache, [attributes.outcome]: event.outcome })
        instruments.farDuration.record(event.durationMs / 1000, {
          ...cache,
          // What holds a request up; claims, probes and the like are counted above.
          [attributes.operation]: event.operation === 'get' || event.operation === 'set' ? event.operation : '_OTHER',
        })
        return
      case 'breaker':
        gauges.breaker(event.cache, event.state)
        return
      case 'life':
        gauges.life(event)
    }
  }

  const stop = onCacheEvent(event => {
    // Whatever breaks here is not the cache's failure, and must not be an uncaught exception.
    try {
      record(event)
    } catch {}
  })
  return () => {
    stop()
    gauges.stop()
  }
}

function isLookup(outcome: string): boolean {
  return outcome === 'hit' || outcome === 'stale' || outcome === 'miss' || outcome === 'bypass'
}
