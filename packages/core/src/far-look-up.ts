// Between the memory tier and the handler: is it in the far tier, or on its way there?

import { type Attempt, type BeginFill, type Forwarding, TAKEN_FOR_GRANTED_MS } from './attempt.ts'
import type { FarAnswer } from './far/consult.ts'
import { askForResponse, endLease } from './far/responses.ts'
import type { Flight } from './flight.ts'
import type { ForwardReason } from './http/cache-status.ts'
import type { RouteSettings } from './response-options.ts'
import type { StoredResponse } from './stored-response.ts'

export interface FarLookUp<Subject> {
  /** Whether a request that fills nothing has still to look there. */
  isDue(at: Attempt<Subject>, fwd: ForwardReason): boolean
  /** Look for a request that fills nothing. */
  look(at: Attempt<Subject>): void
  /** Look for one that leads a flight, and begin its fill when there is nothing. Those who come meanwhile wait for the answer. */
  lookBeforeFill(at: Attempt<Subject>, forwarding: Forwarding, flightKey: string, flight: Flight, until: number): void
}

/** @param attempt looks at the memory tier again. */
export function createFarLookUp<Subject>(
  settings: RouteSettings<Subject>,
  attempt: (at: Attempt<Subject>) => void,
  fill: BeginFill<Subject>,
): FarLookUp<Subject> {
  const { maxVariants, leaseMs } = settings

  function lookBeforeFill(
    at: Attempt<Subject>,
    forwarding: Forwarding,
    flightKey: string,
    flight: Flight,
    until: number,
  ): void {
    const { engine, exchange, plan, askedFar } = at
    let isGone = false
    const ungone = exchange.onGone(() => {
      isGone = true
    })
    const question = {
      plan,
      request: exchange.request,
      maxVariants,
      fills: { flightKey, holdMs: leaseMs },
      lookedUp: askedFar,
      outdated: forwarding.stale,
      waitMs: until - engine.now(),
    }
    void askForResponse(engine, question).then(answer => {
      ungone()
      const again = asked(at, answer)
      if (answer.kind === 'found') {
        // Over before anything is made of it: what is found may be stale, and then this is no refresh that is under way.
        flight.tell({ kind: answer.waited ? 'stored' : 'again' })
        attempt(
          answer.waited
            ? { ...again, waited: { until, fwd: forwarding.fwd, how: 'stored', leader: undefined } }
            : again,
        )
      } else if (isGone) {
        // Nobody has begun, so one of those who wait does.
        if (answer.kind === 'mine') endLease(engine, plan.key, answer.claim, 'failed')
        flight.tell({ kind: 'again' })
      } else if (answer.kind === 'apart') {
        engine.responses.unshared.set(flightKey, engine.now() + TAKEN_FOR_GRANTED_MS)
        flight.tell({ kind: 'released', failed: false })
        fill(again, forwarding, { flightKey, flight: undefined })
      } else fill(again, forwarding, { flightKey, flight, lease: answer.kind === 'mine' ? answer.claim : undefined })
    })
  }

  return {
    isDue: ({ engine, askedFar }, fwd) => engine.far?.usable === true && !askedFar && fwd !== 'request',
    look(at) {
      const { engine, exchange, plan } = at
      const question = { plan, request: exchange.request, maxVariants, fills: undefined, lookedUp: false, waitMs: 0 }
      void askForResponse(engine, question).then(answer => attempt(asked(at, answer)))
    },
    lookBeforeFill,
  }
}

/** Field by field: one is made for every hit, and a spread makes it slowly. */
function asked<Subject>(at: Attempt<Subject>, answer: FarAnswer<StoredResponse>): Attempt<Subject> {
  const { engine, exchange, plan, startedAt, waited } = at
  const found = answer.kind === 'found' ? answer.taken : undefined
  return { engine, exchange, plan, startedAt, waited, askedFar: true, found }
}
