// What would become of a request, and by which rule: for those who debug, never on the way of a request that nobody asked about.

import type { Cache } from './cache.ts'
import { type Engine, engineOf } from './engine.ts'
import type { Exchange } from './exchange.ts'
import type { InvalidationCause } from './invalidation/log.ts'
import { lookup, resourceAt } from './lookup.ts'
import { type Plan, planRequest } from './plan.ts'
import { currentAge } from './policy/age.ts'
import { requestRefusal } from './policy/normal-request.ts'
import { type Decision, decide } from './policy/reuse.ts'
import type { FreshnessSource } from './policy/types.ts'
import type { RouteSettings } from './response-options.ts'
import { selectVariant } from './stored-response.ts'

/** What `explain` tells. It names keys and tags, so it is for those who run the application, not for its clients. */
export interface Explanation {
  readonly action: 'bypass' | 'serve' | 'serve-and-refresh' | 'validate' | 'forward' | 'gateway-timeout'
  /** The rule that decided, by its section or its option. */
  readonly rule: string
  /** The word that `Cache-Status` would give. */
  readonly reason?: string
  /** What the key covers. Absent when the request passes by before it has one. */
  readonly key?: {
    readonly origin: string
    /** Path and query as they came; the options `query` and `key` may leave parts of it out of the key. */
    readonly target: string
    /** The whole key: what an option made of path and query, and the scope. */
    readonly text: string
    /** The request fields that select the variant. */
    readonly variantBy: readonly string[]
  }
  /** The request carries credentials and the route did not opt in. */
  readonly guarded?: boolean
  /** What is stored for it, valid or not. */
  readonly stored?: {
    readonly ageSeconds: number
    readonly freshnessLifetimeSeconds: number
    readonly freshnessSource: FreshnessSource
    readonly staleWhileRevalidateSeconds: number
    readonly staleIfErrorSeconds: number
    readonly shareable: boolean
    readonly tags: readonly string[]
  }
  /** Which invalidation makes it unfit, or stale. */
  readonly invalidatedBy?: InvalidationCause
}

/** Explains requests of one route. Changes nothing: neither what is stored nor what is counted. */
export function createExplain<Subject>(
  settings: RouteSettings<Subject>,
  app: { cacheFor(subject: Subject): Cache },
): (exchange: Exchange<Subject>) => Promise<Explanation> {
  return exchange =>
    new Promise(resolve => {
      const engine = (settings.cache ?? app.cacheFor(exchange.subject))[engineOf]
      const bypass = bypassOf(engine, exchange, settings)
      if (bypass !== undefined) return resolve(bypass)
      planRequest(
        exchange,
        settings,
        plan => resolve(explainPlan(engine, exchange, settings, plan)),
        reason =>
          resolve({
            action: 'bypass',
            reason,
            rule: reason === 'skip' ? 'option skip' : 'a function of the route failed',
          }),
      )
    })
}

function bypassOf<Subject>(
  engine: Engine,
  { request }: Exchange<Subject>,
  settings: RouteSettings<Subject>,
): Explanation | undefined {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { action: 'forward', reason: 'method', rule: 'RFC 9111 §4.4: it may change what is stored' }
  }
  if (engine.flags.mode() === 'bypass') return { action: 'bypass', reason: 'flag', rule: 'the flag' }
  if (!settings.methods.has(request.method)) return { action: 'bypass', reason: 'methods', rule: 'option methods' }
  const reason = requestRefusal(request)
  return reason && { action: 'bypass', reason, rule: 'RFC 9112 §3.2: its key could be read in two ways' }
}

function explainPlan<Subject>(
  engine: Engine,
  exchange: Exchange<Subject>,
  settings: RouteSettings<Subject>,
  plan: Plan,
): Explanation {
  const { request } = exchange
  const now = engine.now()
  const resource = resourceAt(engine, plan.key)
  const there = resource && selectVariant(resource, request.headers)
  const found = lookup(engine, plan, request, now)
  const decision = decide(
    request,
    found.stored && { ...found.stored, soft: found.soft },
    { ...settings.policy, staleOnly: engine.flags.mode() === 'stale-only' },
    now,
  )
  const cause = there && engine.ledger.cause(there, now)
  const isWalledOff = plan.guarded && found.stored === undefined
  const reason = isWalledOff
    ? 'credentials'
    : (found.detail ?? ('fwd' in decision ? forwardedFor(decision, found.fwd) : undefined))
  return {
    action: decision.action,
    rule: isWalledOff
      ? 'wall 1: credentials, and nothing says that the response may be shared'
      : ruleOf(decision, cause),
    ...(reason === undefined ? {} : { reason }),
    key: {
      origin: `${request.secure ? 'https' : 'http'}://${request.headers['host'] as string}`,
      target: request.target,
      text: plan.key.slice('r:'.length),
      variantBy: resource?.rule ?? [],
    },
    guarded: plan.guarded,
    ...(there === undefined
      ? {}
      : {
          stored: {
            ageSeconds: Math.floor(currentAge(there.timing, now) / 1000),
            freshnessLifetimeSeconds: there.terms.freshnessLifetimeMs / 1000,
            freshnessSource: there.terms.freshnessSource,
            staleWhileRevalidateSeconds: there.terms.staleWhileRevalidateMs / 1000,
            staleIfErrorSeconds: there.terms.staleIfErrorMs / 1000,
            shareable: there.terms.shareable,
            tags: there.names.filter(name => name.startsWith('t:')).map(name => name.slice(2)),
          },
        }),
    ...(cause === undefined ? {} : { invalidatedBy: cause }),
  }
}

function forwardedFor(decision: Extract<Decision, { fwd: string }>, missed: 'uri-miss' | 'vary-miss'): string {
  return decision.fwd === 'uri-miss' ? missed : decision.fwd
}

function ruleOf(decision: Decision, cause: InvalidationCause | undefined): string {
  switch (decision.action) {
    case 'serve':
      return decision.stale ? 'RFC 9111 §4.2.4: stale, and allowed' : 'RFC 9111 §4.2: fresh'
    case 'serve-and-refresh':
      return 'RFC 5861 §3: stale while it is refreshed'
    case 'gateway-timeout':
      return 'RFC 9111 §5.2.1.7: only-if-cached'
    case 'validate':
      return decision.fwd === 'request'
        ? 'RFC 9111 §5.2.1: the request asks for it'
        : 'RFC 9111 §4.3: stale, with a validator'
    default:
      if (cause !== undefined && !cause.soft) return 'invalidated'
      if (decision.fwd === 'request') return 'RFC 9111 §5.2.1: the request asks for it'
      return decision.fwd === 'stale' ? 'RFC 9111 §4.2.4: stale' : 'nothing is stored for it'
  }
}
