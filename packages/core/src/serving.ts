// RFC 9111 §4 and RFC 9211 — Answering from the store, and what Cache-Status says of it.

import { answer } from './answer.ts'
import type { Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import { type CacheStatus, type ForwardReason, formatCacheStatus } from './http/cache-status.ts'
import type { Plan } from './plan.ts'
import type { StaleReason, TimeoutReason } from './reasons.ts'
import { reportRequest } from './report.ts'
import type { RequestTrace } from './request-trace.ts'
import { answerHeaders, freshHitHeaders, type StoredResponse, ttlSeconds } from './stored-response.ts'

export interface Serving {
  readonly engine: Engine
  readonly exchange: Exchange
  readonly plan: Plan
  readonly startedAt: number
}

/** `detail` is why it goes out although it is stale; `collapsed`, why the request had gone to wait for another's run, `leader`. */
export function serveStored(
  { engine, exchange, plan, startedAt }: Serving,
  stored: StoredResponse,
  now: number,
  ageMs: number,
  detail: StaleReason | undefined,
  collapsed: ForwardReason | undefined,
  leader: RequestTrace | undefined,
): void {
  const headers =
    detail === undefined && collapsed === undefined
      ? freshHitHeaders(stored, ageMs)
      : answerHeaders(stored, ageMs, formatCacheStatus(hitStatus(stored, ageMs, detail, collapsed)))
  answer(exchange, stored, headers, now, plan.preset)
  reportRequest(
    engine,
    exchange,
    startedAt,
    {
      outcome: detail === undefined ? 'hit' : 'stale',
      status: stored.status,
      reason: detail,
      stored: false,
      collapsed: collapsed !== undefined,
      ageMs,
    },
    leader,
  )
}

/**
 * An error of the cache's own: the client wanted nothing but what is stored, and nothing is (§5.2.1.7); or the handler broke off, and
 * what is stored forbids to be served without asking (§5.2.2.2).
 */
export function refuse({ engine, exchange, startedAt }: Serving, fwd: ForwardReason, reason: TimeoutReason): void {
  const headers = ['Content-Length', '0', 'Cache-Status', formatCacheStatus({ fwd, detail: reason })]
  exchange.send({ status: 504, headers, body: Buffer.alloc(0) })
  reportRequest(engine, exchange, startedAt, { outcome: 'miss', status: 504, reason, stored: false, collapsed: false })
}

function hitStatus(
  stored: StoredResponse,
  ageMs: number,
  detail: StaleReason | undefined,
  collapsed: ForwardReason | undefined,
): CacheStatus {
  const outcome: CacheStatus = collapsed === undefined ? { hit: true } : { fwd: collapsed, collapsed: true }
  return { ...outcome, ttl: ttlSeconds(stored.terms, ageMs), ...(detail === undefined ? {} : { detail }) }
}
