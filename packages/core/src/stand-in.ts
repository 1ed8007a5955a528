// RFC 5861 §4 — A stored response stands in for a handler that fails.

import { answer } from './answer.ts'
import type { Engine } from './engine.ts'
import type { CacheRequest, Exchange, Recorder } from './exchange.ts'
import type { Mode } from './flags.ts'
import { type CacheStatus, formatCacheStatus } from './http/cache-status.ts'
import { verdictFor } from './lookup.ts'
import { withCacheStatus } from './passing.ts'
import type { Plan } from './plan.ts'
import { currentAge } from './policy/age.ts'
import type { WhenDisconnected } from './policy/reuse.ts'
import type { UnfilledReason } from './reasons.ts'
import { reportRequest } from './report.ts'
import { refuse } from './serving.ts'
import { answerHeaders, type StoredResponse, ttlSeconds } from './stored-response.ts'

export interface StandIn<Subject> {
  readonly engine: Engine
  readonly exchange: Exchange<Subject>
  readonly plan: Plan
  readonly startedAt: number
  readonly stale: StoredResponse | undefined
  /** Until when `stale` may stand in for a handler that fails. */
  readonly mayServeStaleUntil: number | undefined
  /** What stands in, whenever that is, for a handler that breaks off. */
  readonly whenDisconnected: WhenDisconnected
}

/**
 * Whether an answer has gone out in the handler's place: not when what is stored is too old by now, or was purged meanwhile. No
 * `failedStatus`: the handler broke off before its head.
 */
export function standIn<Subject>(context: StandIn<Subject>, failedStatus: number | undefined): boolean {
  const { engine, exchange, plan, startedAt, stale, mayServeStaleUntil } = context
  const now = engine.now()
  if (stale === undefined) return false
  if (mayServeStaleUntil === undefined || now > mayServeStaleUntil) {
    const whenDisconnected = failedStatus === undefined ? context.whenDisconnected : 'nothing'
    if (whenDisconnected === 'gateway-timeout') refuse(context, 'stale', 'disconnected')
    if (whenDisconnected !== 'stale') return whenDisconnected === 'gateway-timeout'
  }
  if (verdictFor(engine, plan, exchange.request, stale, now) === 'invalid') return false
  const ageMs = currentAge(stale.timing, now)
  const status: CacheStatus = {
    fwd: 'stale',
    ...(failedStatus === undefined ? {} : { fwdStatus: failedStatus }),
    ttl: ttlSeconds(stale.terms, ageMs),
    detail: 'stale-if-error',
  }
  answer(exchange, stale, answerHeaders(stale, ageMs, formatCacheStatus(status)), now, plan.preset)
  reportRequest(engine, exchange, startedAt, {
    outcome: 'stale',
    status: stale.status,
    reason: 'stale-if-error',
    stored: false,
    collapsed: false,
    ageMs,
  })
  return true
}

/** For a response that goes by unrecorded although its request could have been answered from the store. */
export function standingBy<Subject>(
  context: StandIn<Subject>,
  fwd: NonNullable<CacheStatus['fwd']>,
  unfilled: UnfilledReason,
): Recorder {
  const { engine, exchange, startedAt } = context
  let headSeen = false
  const report = (status: number) =>
    reportRequest(engine, exchange, startedAt, {
      outcome: 'miss',
      status,
      reason: unfilled,
      stored: false,
      collapsed: false,
    })
  return {
    recording: false,
    head(status, headers) {
      headSeen = true
      if (status >= 500 && standIn(context, status)) return { action: 'hold' }
      report(status)
      return { action: 'pass', set: withCacheStatus(headers, { fwd, detail: unfilled }) }
    },
    write() {},
    end() {},
    fail() {
      if (headSeen) return 'unanswered'
      headSeen = true
      if (standIn(context, undefined)) return 'answered'
      report(0)
      return 'unanswered'
    },
  }
}

/** A response that is not whole, or that nothing may be kept of, goes by unrecorded. */
export function whyUnfilled(request: CacheRequest, mode: Mode): UnfilledReason | undefined {
  if (mode !== 'on') return mode === 'stale-only' ? 'stale-only' : 'read-only'
  if (request.method === 'HEAD') return 'head'
  return request.headers['range'] === undefined ? undefined : 'range'
}
