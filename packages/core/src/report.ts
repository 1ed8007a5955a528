// What is counted and told of each request: once, when it is known how it is answered.

import type { Engine } from './engine.ts'
import { isListenedTo, type RequestEvent } from './events.ts'

type Outcome = Pick<RequestEvent, 'outcome' | 'status' | 'reason' | 'stored' | 'collapsed'>

const counters = { hit: 'hits', stale: 'staleHits', miss: 'misses', bypass: 'bypasses' } as const

/** `startedAt` by the engine's clock. A status of 0 is one that is not known yet. */
export function reportRequest(engine: Engine, method: string, startedAt: number, outcome: Outcome): void {
  engine.metrics.count(counters[outcome.outcome])
  if (outcome.collapsed) engine.metrics.count('collapsed')
  if (isListenedTo()) tell(engine, method, startedAt, outcome)
}

/** Apart, so that a request of which nobody wants to hear makes nothing for it. */
function tell(engine: Engine, method: string, startedAt: number, outcome: Outcome): void {
  engine.emit(() => ({
    type: 'request',
    cache: engine.name,
    ...outcome,
    method,
    durationMs: engine.now() - startedAt,
  }))
}
