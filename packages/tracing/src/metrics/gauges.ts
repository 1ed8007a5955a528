// What is asked when metrics are collected: what each cache holds, how well it does, how far it is behind, and its breaker.

import type { CacheEvent } from '@larder/core'
import type { BatchObservableResult, Meter, Observable } from '@opentelemetry/api'
import { attributes } from './names.ts'

type LifeEvent = Extract<CacheEvent, { type: 'life' }>
type BreakerState = Extract<CacheEvent, { type: 'breaker' }>['state']
type Measures = ReturnType<LifeEvent['measure']>

export interface Gauges {
  life(event: LifeEvent): void
  breaker(cache: string, state: BreakerState): void
  stop(): void
}

const states: readonly BreakerState[] = ['closed', 'half-open', 'open']

export function observeCaches(meter: Meter, labelOf: (name: string) => string): Gauges {
  // A cache that nobody closed and nobody has any more is not held by its metrics.
  const caches = new Map<WeakRef<LifeEvent['measure']>, string>()
  const breakers = new Map<string, BreakerState>()
  const entries = meter.createObservableUpDownCounter('larder.cache.entries', {
    unit: '{entry}',
    description: 'Entries in memory.',
  })
  const size = meter.createObservableUpDownCounter('larder.cache.size', {
    unit: 'By',
    description: 'Bytes in memory.',
  })
  const hitRatio = meter.createObservableGauge('larder.cache.hit_ratio', {
    unit: '1',
    description: 'Of all look-ups since the cache was made, requests and data, the share that was answered from it.',
  })
  const lag = meter.createObservableGauge('larder.cache.log.lag', {
    unit: 's',
    description: 'How long ago the invalidation log last confirmed that this process knows all of it.',
  })
  const breaker = meter.createObservableGauge('larder.cache.breaker.state', {
    unit: '1',
    description: 'The breaker in front of the far store: 1 for the state that it is in, 0 for the others.',
  })
  const all: Observable[] = [entries, size, hitRatio, lag, breaker]

  function observe(result: BatchObservableResult): void {
    for (const [label, held] of byLabel()) {
      const cache = { [attributes.cache]: label }
      result.observe(entries, sum(held, 'entries'), cache)
      result.observe(size, sum(held, 'bytes'), cache)
      // Of several caches of one name the last that was made, and the one that is furthest behind.
      result.observe(hitRatio, held.at(-1)!.hitRatio, cache)
      result.observe(lag, Math.max(...held.map(({ lagMs }) => lagMs)) / 1000, cache)
    }
    for (const [label, state] of breakers) {
      for (const each of states) {
        const labels = { [attributes.cache]: label, [attributes.state]: each }
        result.observe(breaker, each === state ? 1 : 0, labels)
      }
    }
  }

  function byLabel(): Map<string, Measures[]> {
    const found = new Map<string, Measures[]>()
    for (const [ref, label] of caches) {
      const measure = ref.deref()
      if (measure === undefined) caches.delete(ref)
      else found.set(label, [...(found.get(label) ?? []), measure()])
    }
    return found
  }

  meter.addBatchObservableCallback(observe, all)
  return {
    life({ cache, phase, measure }) {
      if (phase === 'opened') caches.set(new WeakRef(measure), labelOf(cache))
      else for (const ref of caches.keys()) if (ref.deref() === measure) caches.delete(ref)
    },
    breaker(cache, state) {
      breakers.set(labelOf(cache), state)
    },
    stop() {
      meter.removeBatchObservableCallback(observe, all)
    },
  }
}

function sum(held: readonly Measures[], name: 'entries' | 'bytes'): number {
  return held.reduce((total, measures) => total + measures[name], 0)
}
