// Responses in the far tier: looked up there before a handler runs, shared once one has.

import { randomUUID } from 'node:crypto'
import type { Engine } from '../engine.ts'
import type { CacheRequest } from '../exchange.ts'
import type { RequestHeaders } from '../http/headers.ts'
import { promote } from '../keep.ts'
import { verdictFor } from '../lookup.ts'
import type { Plan } from '../plan.ts'
import { variantOf } from '../policy/vary.ts'
import type { Claim, ReleaseOutcome } from '../store/far.ts'
import { mergeRules, type StoredResponse } from '../stored-response.ts'
import { consult, type FarAnswer } from './consult.ts'
import { decodeResponse, encodeResponse, responseExpiresAt } from './response-frame.ts'
import { CLOCK_TOLERANCE_MS } from './store-clock.ts'

export interface ResponseQuestion {
  readonly plan: Plan
  readonly request: CacheRequest
  readonly maxVariants: number
  /** The flight that the request leads, when it is to fill, and how long its run may take. */
  readonly fills: { readonly flightKey: string; readonly holdMs: number } | undefined
  readonly lookedUp: boolean
  /** What was found there, and is to be made anew. */
  readonly outdated?: StoredResponse | undefined
  readonly waitMs: number
}

/** What is found is in the memory tier too, unless that has no room. */
export function askForResponse(engine: Engine, question: ResponseQuestion): Promise<FarAnswer<StoredResponse>> {
  const { plan, request, maxVariants, fills, lookedUp, outdated, waitMs } = question
  const far = engine.far!
  const { key } = plan
  const { headers } = request
  return consult(far, {
    key,
    variantBy: rule => variantOf(rule, headers),
    take(rule, frame) {
      const stored = decodeResponse({ key, variant: variantOf(rule, headers) }, frame, far.clock)
      if (stored === undefined) return 'malformed'
      if (verdictFor(engine, plan, request, stored, engine.now()) === 'invalid') return 'useless'
      const isNews = promote(engine, key, rule, headers, stored, maxVariants)
      return isNews && !(plan.guarded && !stored.terms.shareable) ? stored : 'useless'
    },
    claim: fills && (() => ({ lease: fills.flightKey, token: randomUUID(), holdMs: fills.holdMs })),
    lookedUp,
    // Instants that went to and fro between two clocks are no longer quite the same.
    outdatedAt: outdated && far.clock.toStore(outdated.filledAt) + CLOCK_TOLERANCE_MS,
    waitMs,
    now: engine.now,
  })
}

export interface Sharing {
  readonly key: string
  readonly rule: readonly string[]
  readonly headers: RequestHeaders
  readonly stored: StoredResponse
  readonly maxVariants: number
  /** The lease under which it was made. */
  readonly lease: Claim | undefined
}

/** Nobody waits for it. */
export async function shareResponse(engine: Engine, sharing: Sharing): Promise<void> {
  const { far } = engine
  const { key, headers, stored, maxVariants, lease } = sharing
  if (far === undefined) return
  const livesMs = Math.ceil(responseExpiresAt(stored) - engine.now())
  // What is never served without asking is of no use to others.
  if (livesMs <= 0) return endLease(engine, key, lease, 'apart')
  let { rule } = sharing
  let outcome: ReleaseOutcome = 'failed'
  let widens: readonly string[] | undefined
  // Twice when another process has learnt meanwhile that the resource varies by more.
  for (let tries = 0; tries < 2; tries++) {
    const variant = variantOf(rule, headers)
    const written = await far.set({
      key,
      variant,
      rule,
      widens,
      epoch: stored.epoch,
      position: Math.floor(stored.position),
      filledAt: far.clock.toStore(stored.filledAt),
      expiresAt: far.clock.toStore(responseExpiresAt(stored)),
      livesMs,
      maxVariants,
      frame: encodeResponse({ key, variant }, stored, far.clock),
      release: lease,
    })
    // The store has ended the lease with the write.
    if (written === 'stored' || written === 'outdone') return
    if (typeof written !== 'object') {
      if (written !== undefined) outcome = 'apart'
      break
    }
    widens = written.rule
    rule = mergeRules(written.rule, rule)
  }
  endLease(engine, key, lease, outcome)
}

/** Whoever waits in another process is told at once. */
export function endLease(engine: Engine, key: string, lease: Claim | undefined, outcome: ReleaseOutcome): void {
  if (lease !== undefined) engine.far?.release(key, lease, outcome, engine.responses.unsharedMs)
}
