// What is counted and told of each request: once, when it is known how it is answered.

import type { Engine } from './engine.ts'
import { isListenedTo, type RequestEvent } from './events.ts'
import type { Exchange } from './exchange.ts'
import { type RequestTrace, tellTrace } from './request-trace.ts'

interface Outcome extends Pick<RequestEvent, 'outcome' | 'status' | 'reason' | 'stored' | 'collapsed'> {
  /** Of the stored response that went out. */
  readonly ageMs?: number | undefined
}

const counters = { hit: 'hits', stale: 'staleHits', miss: 'misses', bypass: 'bypasses' } as const

/**
 * `startedAt` by the engine's clock. A status of 0 is one that is not known yet. `leader` is the trace of the run whose response a
 * collapsed request got.
 */
export function reportRequest(
  engine: Engine,
  exchange: Exchange,
  startedAt: number,
  outcome: Outcome,
  leader?: RequestTrace,
): void {
  engine.metrics.count(counters[outcome.outcome])
  if (outcome.collapsed) engine.metrics.count('collapsed')
  if (exchange.trace !== undefined || isListenedTo()) tell(engine, exchange, startedAt, outcome, leader)
}

/** Apart, so that a request of which nobody wants to hear makes nothing for it. */
function tell(
  engine: Engine,
  exchange: Exchange,
  startedAt: number,
  outcome: Outcome,
  leader: RequestTrace | undefined,
): void {
  const event = requestEvent(engine, exchange, startedAt, outcome)
  tellTrace(exchange.trace, event, leader)
  engine.emit(() => event)
}

function requestEvent(
  engine: Engine,
  exchange: Exchange,
  startedAt: number,
  { ageMs, outcome, status, reason, stored, collapsed }: Outcome,
): RequestEvent {
  return {
    type: 'request',
    cache: engine.name,
    outcome,
    status,
    reason,
    stored,
    collapsed,
    age: ageMs === undefined ? undefined : Math.floor(ageMs / 1000),
    method: exchange.request.method,
    durationMs: engine.now() - startedAt,
  }
}
