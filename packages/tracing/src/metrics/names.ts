// Every metric of a cache: its name, unit and labels. docs/observability.md lists them.

/** The scope of the metrics. */
export const meterName = '@larder/tracing'

/** More label sets than these of one metric go into one that says so. */
export const MOST_LABEL_SETS = 50
/** Caches that are told apart; all others go by one name. */
const MOST_CACHES = 4
const otherCaches = '_OTHER'

export const attributes = {
  cache: 'larder.cache.name',
  status: 'larder.cache.status',
  operation: 'larder.cache.operation',
  outcome: 'larder.cache.outcome',
  kind: 'larder.cache.invalidation.kind',
  state: 'larder.cache.breaker.state',
} as const

/** The label of a cache: a service may make caches without end, a metric may not. */
export function cacheLabels(): (name: string) => string {
  const known = new Set<string>()
  return name => {
    if (known.has(name)) return name
    if (known.size >= MOST_CACHES) return otherCaches
    known.add(name)
    return name
  }
}

/** In seconds. A hit takes microseconds, a fill seconds. */
export const durationBoundaries = [
  0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
  5, 10,
]
