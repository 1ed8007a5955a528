// What a run carries, put together field by field: what is spread and then added to gets a shape of its own in V8, each time anew.

import type { FillContext } from './fill.ts'

type OfAttempt = 'engine' | 'exchange' | 'plan' | 'startedAt'
type OfForwarding = 'fwd' | 'detail' | 'stale' | 'mayServeStaleUntil' | 'whenDisconnected'

/** On the way of every miss. */
export function fillContext<Subject>(
  attempt: Pick<FillContext<Subject>, OfAttempt>,
  forwarding: Pick<FillContext<Subject>, OfForwarding>,
  run: Omit<FillContext<Subject>, OfAttempt | OfForwarding>,
): FillContext<Subject> {
  return {
    engine: attempt.engine,
    exchange: attempt.exchange,
    plan: attempt.plan,
    startedAt: attempt.startedAt,
    fwd: forwarding.fwd,
    detail: forwarding.detail,
    stale: forwarding.stale,
    mayServeStaleUntil: forwarding.mayServeStaleUntil,
    whenDisconnected: forwarding.whenDisconnected,
    settings: run.settings,
    flight: run.flight,
    flightKey: run.flightKey,
    names: run.names,
    stamp: run.stamp,
    lease: run.lease,
    begun: run.begun,
    validating: run.validating,
    background: run.background,
    ended: run.ended,
  }
}
