// What a run carries, put together field by field: what is spread and then added to gets a shape of its own in V8, each time anew.

import type { Flight } from './flight.ts'
import type { CacheStatus } from './http/cache-status.ts'
import type { Stamped } from './invalidation/log.ts'
import type { RouteSettings } from './response-options.ts'
import type { StandIn } from './stand-in.ts'
import type { Claim } from './store/far.ts'

export type FillOutcome = 'stored' | 'unstorable' | 'failed'

export interface FillContext<Subject> extends StandIn<Subject> {
  readonly settings: RouteSettings<Subject>
  /** Why the request goes to the handler. */
  readonly fwd: NonNullable<CacheStatus['fwd']>
  readonly detail: string | undefined
  /** Those who wait for this run; none when it runs for its own client alone. */
  readonly flight: Flight | undefined
  readonly flightKey: string
  /** Both taken before the handler runs: what an invalidation may call the response, and where the log stood. */
  readonly names: readonly string[]
  readonly stamp: Stamped
  readonly begun: number
  /** Other processes wait for this run. */
  readonly lease: Claim | undefined
  /** The validators of `stale`, which this run is to validate or to replace, were handed to the handler. */
  readonly validating: boolean
  /** Nobody is waiting for this very response: it fills behind a stale one. */
  readonly background: boolean
  /** Told once how it ended. */
  readonly ended: ((outcome: FillOutcome) => void) | undefined
}

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
