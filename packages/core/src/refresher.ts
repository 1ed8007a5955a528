// RFC 5861 §3 — Which stale response is refreshed, and by whom: once in a process, and once in all of them.

import { type Attempt, type BeginFill, refreshing, TAKEN_FOR_GRANTED_MS } from './attempt.ts'
import { askForResponse, endLease } from './far/responses.ts'
import type { Flight } from './flight.ts'
import { flightKeyOf, ruleAt, stampOf } from './lookup.ts'
import { sendRefresh } from './refresh.ts'
import type { RouteSettings } from './response-options.ts'
import type { Claim } from './store/far.ts'
import type { StoredResponse } from './stored-response.ts'

export interface Refresher<Subject> {
  /** Have the stored response refreshed behind its back, unless that is under way, or failed just now. */
  start(at: Attempt<Subject>, stored: StoredResponse): Flight | 'resting' | 'no-way'
}

/** There is no way into the application, so that nothing can be refreshed behind. */
const NO_WAY = Number.POSITIVE_INFINITY

export function createRefresher<Subject>(
  owner: object,
  settings: RouteSettings<Subject>,
  fill: BeginFill<Subject>,
): Refresher<Subject> {
  function send(
    at: Attempt<Subject>,
    stored: StoredResponse,
    flightKey: string,
    flight: Flight,
    lease: Claim | undefined,
  ): boolean {
    const { engine, exchange, plan } = at
    const { stamp } = flight
    return sendRefresh({
      engine,
      owner,
      exchange,
      settings,
      plan,
      stored,
      rule: ruleAt(engine, plan.key),
      flight,
      lost: () => endLease(engine, plan.key, lease, 'failed'),
      fill: (copy, ownPlan, background) =>
        fill(
          { engine, exchange: copy, plan: ownPlan, startedAt: engine.now(), waited: undefined, askedFar: true },
          { ...refreshing, stale: stored },
          { flightKey, flight, stamp, background, lease },
        ),
    })
  }

  /** Another process may have refreshed it already, or be at it. */
  async function sendOnce(
    at: Attempt<Subject>,
    stored: StoredResponse,
    flightKey: string,
    flight: Flight,
  ): Promise<void> {
    const { engine, exchange, plan, askedFar } = at
    const answer = await askForResponse(engine, {
      plan: { ...plan, guarded: false },
      request: exchange.request,
      maxVariants: settings.maxVariants,
      fills: { flightKey, holdMs: settings.leaseMs },
      lookedUp: askedFar,
      outdated: stored,
      waitMs: 0,
    })
    if (answer.kind === 'held') stored.refreshNotBefore = engine.now() + TAKEN_FOR_GRANTED_MS
    if (answer.kind === 'held' || answer.kind === 'found') return flight.tell({ kind: 'again' })
    const lease = answer.kind === 'mine' ? answer.claim : undefined
    if (send(at, stored, flightKey, flight, lease)) return
    stored.refreshNotBefore = NO_WAY
    endLease(engine, plan.key, lease, 'failed')
  }

  return {
    start(at, stored) {
      const { engine, exchange, plan } = at
      const { flights } = engine.responses
      // The copy carries no credentials, whoever causes it, so there is one for all.
      const flightKey = flightKeyOf(engine, { ...plan, guarded: false }, exchange.request.headers)
      const underWay = flights.get(flightKey)
      if (underWay !== undefined) return underWay
      if (stored.refreshNotBefore === NO_WAY) return 'no-way'
      if (stored.refreshNotBefore > engine.now()) return 'resting'
      const flight = flights.begin(flightKey, stampOf(engine, exchange.request, stored), exchange.trace)
      if (engine.far?.usable) {
        void sendOnce(at, stored, flightKey, flight)
        return flight
      }
      return send(at, stored, flightKey, flight, undefined) ? flight : 'no-way'
    },
  }
}
