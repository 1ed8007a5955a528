// Counters and response times of one cache, in memory that does not grow.

import { createHistogram, performance, type RecordableHistogram } from 'node:perf_hooks'

/** What is counted. */
export type Counter =
  | 'hits'
  | 'misses'
  | 'staleHits'
  | 'sets'
  | 'deletes'
  | 'errors'
  | 'collapsed'
  | 'evictions'
  | 'invalidations'
  | 'refreshes'
  | 'bypasses'
  | 'farHits'
  | 'farMisses'
  | 'farSets'
  | 'farErrors'
  | 'farTimeouts'
  | 'farSkips'

/** What is timed. */
export type Operation = 'get' | 'set' | 'delete' | 'mget' | 'mset' | 'getOrSet'

/** How long one operation took, in milliseconds, within 1 %. */
export interface ResponseTimes {
  readonly count: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
}

/** What a cache did since it was made, and what it holds now. */
export interface CacheMetrics extends Readonly<Record<Counter, number>> {
  /** Of all look-ups, the share that was answered from the cache, fresh or stale; 0 when there were none. */
  readonly hitRatio: number
  /** Entries in memory. */
  readonly entries: number
  /** Bytes in memory. */
  readonly bytes: number
  readonly responseTimes: Readonly<Record<Operation, ResponseTimes>>
}

export interface Metrics {
  count(name: Counter, by?: number): void
  /** Record an operation that began at `startedAt`, an instant of `performance.now()`. Returns how long it took, in milliseconds. */
  time(operation: Operation, startedAt: number): number
  hitRatio(): number
  snapshot(): CacheMetrics
}

const operations: readonly Operation[] = ['get', 'set', 'delete', 'mget', 'mset', 'getOrSet']
const longestNs = 3_600_000_000_000

/** Metrics of a cache whose memory tier is `held`. */
export function createMetrics(held: { readonly entries: number; readonly bytes: number }): Metrics {
  const counters: Record<Counter, number> = {
    hits: 0,
    misses: 0,
    staleHits: 0,
    sets: 0,
    deletes: 0,
    errors: 0,
    collapsed: 0,
    evictions: 0,
    invalidations: 0,
    refreshes: 0,
    bypasses: 0,
    farHits: 0,
    farMisses: 0,
    farSets: 0,
    farErrors: 0,
    farTimeouts: 0,
    farSkips: 0,
  }
  const histograms: Partial<Record<Operation, RecordableHistogram>> = {}

  function hitRatio(): number {
    const answered = counters.hits + counters.staleHits
    return answered === 0 ? 0 : answered / (answered + counters.misses)
  }

  return {
    count(name, by = 1) {
      counters[name] += by
    },
    time(operation, startedAt) {
      const durationMs = performance.now() - startedAt
      histograms[operation] ??= createHistogram({ lowest: 1, highest: longestNs, figures: 2 })
      histograms[operation].record(Math.min(Math.max(Math.round(durationMs * 1e6), 1), longestNs))
      return durationMs
    },
    hitRatio,
    snapshot() {
      const responseTimes = Object.fromEntries(operations.map(name => [name, summary(histograms[name])]))
      return Object.freeze({
        ...counters,
        hitRatio: hitRatio(),
        entries: held.entries,
        bytes: held.bytes,
        responseTimes: Object.freeze(responseTimes) as CacheMetrics['responseTimes'],
      })
    },
  }
}

function summary(histogram: RecordableHistogram | undefined): ResponseTimes {
  if (histogram === undefined) return Object.freeze({ count: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0 })
  return Object.freeze({
    count: histogram.count,
    meanMs: histogram.mean / 1e6,
    p50Ms: histogram.percentile(50) / 1e6,
    p95Ms: histogram.percentile(95) / 1e6,
    p99Ms: histogram.percentile(99) / 1e6,
  })
}
