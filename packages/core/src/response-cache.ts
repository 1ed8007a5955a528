// The path of a request, top to bottom: key, lookup, decide, then serve, serve and refresh, validate, or forward.

import { answer } from './answer.ts'
import type { Cache } from './cache.ts'
import type { Duration } from './duration.ts'
import { type Engine, engineOf } from './engine.ts'
import type { CacheRequest, Exchange, Outgoing } from './exchange.ts'
import { Fill } from './fill.ts'
import type { Mode } from './flags.ts'
import { type Flight, follow } from './flight.ts'
import { type CacheStatus, formatCacheStatus } from './http/cache-status.ts'
import { passing, watching } from './passing.ts'
import { type Plan, planRequest } from './plan.ts'
import { currentAge } from './policy/age.ts'
import { requestRefusal } from './policy/normal-request.ts'
import { decide } from './policy/reuse.ts'
import { conditionalFor } from './policy/validation.ts'
import { variantOf } from './policy/vary.ts'
import type { BypassReason, StaleReason, UnfilledReason } from './reasons.ts'
import { type Refresh, sendRefresh } from './refresh.ts'
import { reportRequest } from './report.ts'
import { type ResponseCacheOptions, readRouteSettings } from './response-options.ts'
import {
  answerHeaders,
  freshHitHeaders,
  type Resource,
  type StoredResponse,
  selectVariant,
  ttlSeconds,
} from './stored-response.ts'

/** Where a door finds the cache of a request when the route names none. */
export interface App<Subject> {
  cacheFor(subject: Subject): Cache
}

export interface ResponseCache<Subject> {
  /** Always ends in `send` or `forward`, now or later. */
  handle(exchange: Exchange<Subject>): void
}

/**
 * The response cache of one route.
 *
 * @throws LarderError for an option that cannot be meant.
 */
export function createResponseCache<Subject>(
  options: Duration | ResponseCacheOptions<Subject>,
  app: App<Subject>,
): ResponseCache<Subject> {
  const settings = readRouteSettings(options)
  const owner = {}
  return { handle }

  function handle(exchange: Exchange<Subject>): void {
    const { replayed, request } = exchange
    if (replayed !== undefined) {
      if (replayed.owner === owner) replayed.arrive(exchange)
      else exchange.forward({ recorder: passing(undefined) })
      return
    }
    const engine = (settings.cache ?? app.cacheFor(exchange.subject))[engineOf]
    const { method } = request
    if (method !== 'GET' && method !== 'HEAD') {
      exchange.forward({ recorder: watching(engine, request) })
      return
    }
    const mode = engine.flags.mode()
    if (mode === 'bypass') return bypass(engine, exchange, 'flag')
    if (!settings.methods.has(method)) return bypass(engine, exchange, 'methods')
    const refusal = requestRefusal(request)
    if (refusal !== undefined) return bypass(engine, exchange, refusal)
    planRequest(
      exchange,
      settings,
      plan => attempt({ engine, exchange, plan, startedAt: engine.now(), waitUntil: undefined, collapsed: false }),
      (reason, failed) => {
        if (failed !== undefined) {
          engine.metrics.count('errors')
          engine.emit(() => ({ type: 'fault', cache: engine.name, operation: failed.operation, code: undefined }))
        }
        bypass(engine, exchange, reason)
      },
    )
  }

  function attempt(at: Attempt<Subject>): void {
    const { engine, exchange, plan } = at
    const { request } = exchange
    const now = engine.now()
    const mode = engine.flags.mode()
    const resource = engine.near.get(plan.key) as Resource | undefined
    let stored = resource === undefined ? undefined : selectVariant(resource, request.headers)
    let fwd: Forwarding['fwd'] = resource !== undefined && stored === undefined ? 'vary-miss' : 'uri-miss'
    let detail: Forwarding['detail']
    let soft = false
    if (stored !== undefined) {
      const verdict = engine.ledger.verdict(stored, now)
      soft = verdict === 'soft'
      if (verdict === 'invalid') {
        stored = undefined
        detail = 'invalidated'
      } else if (plan.guarded && !stored.terms.shareable) stored = undefined
    }
    const decision = decide(
      request,
      stored === undefined ? undefined : { ...stored, soft },
      { ...settings.policy, staleOnly: mode === 'stale-only' },
      now,
    )
    switch (decision.action) {
      case 'serve':
        serve(at, stored!, now, decision.ageMs, decision.stale ? 'stale-allowed' : undefined)
        return
      case 'serve-and-refresh':
        if (mode === 'on' && !startRefresh(at, stored!)) break
        serve(at, stored!, now, decision.ageMs, 'stale-while-revalidate')
        return
      case 'gateway-timeout':
        exchange.send(gatewayTimeout)
        return
      default:
        if (decision.fwd !== 'uri-miss') fwd = decision.fwd
        forward(at, { fwd, detail, stale: stored, mayServeStaleUntil: decision.mayServeStaleOnErrorUntil })
        return
    }
    // No way to refresh behind the response, so in its place.
    forward(at, { fwd: 'stale', detail: undefined, stale: stored, mayServeStaleUntil: undefined })
  }

  function serve(
    at: Attempt<Subject>,
    stored: StoredResponse,
    now: number,
    ageMs: number,
    detail: StaleReason | undefined,
  ): void {
    const { engine, exchange, collapsed } = at
    const fresh = detail === undefined && !collapsed
    const headers = fresh
      ? freshHitHeaders(stored, ageMs)
      : answerHeaders(stored, ageMs, formatCacheStatus(hitStatus(stored, ageMs, detail, collapsed)))
    answer(exchange, stored, headers, now)
    reportRequest(engine, exchange.request.method, at.startedAt, {
      outcome: detail === undefined ? 'hit' : 'stale',
      status: stored.status,
      reason: detail,
      stored: false,
      collapsed,
    })
  }

  function forward(at: Attempt<Subject>, forwarding: Forwarding): void {
    const { engine, exchange, plan } = at
    const { request } = exchange
    const unfilled = whyUnfilled(request, engine.flags.mode())
    if (unfilled !== undefined) {
      reportRequest(engine, request.method, at.startedAt, {
        outcome: 'miss',
        status: 0,
        reason: unfilled,
        stored: false,
        collapsed: false,
      })
      exchange.forward({ recorder: passing({ fwd: forwarding.fwd, detail: unfilled }) })
      return
    }
    const { flights, unshared } = engine.responses
    const flightKey = flightKeyOf(engine, plan, request)
    const now = engine.now()
    const { stale, mayServeStaleUntil } = forwarding
    const waitUntil = at.waitUntil ?? now + settings.collapseTimeoutMs
    if (
      stale !== undefined &&
      mayServeStaleUntil !== undefined &&
      settings.softTimeoutMs !== undefined &&
      at.waitUntil === undefined &&
      startRefresh(at, stale)
    ) {
      const flight = flights.get(flightKey)
      if (flight === undefined) serveStale(at, stale, 'stale-if-error', forwarding, flightKey)
      else {
        waitFor(at, flight, settings.softTimeoutMs, waitUntil, how => {
          if (how === 'released') fill(at, forwarding, flightKey, undefined)
          else serveStale(at, stale, how === 'timeout' ? 'soft-timeout' : 'stale-if-error', forwarding, flightKey)
        })
      }
      return
    }
    const apart = (unshared.get(flightKey) ?? 0) > now
    const flight = apart ? undefined : flights.get(flightKey)
    if (flight !== undefined && now < waitUntil && engine.ledger.verdict(flight.stamp, now) === 'valid') {
      waitFor(at, flight, waitUntil - now, waitUntil, () => fill(at, forwarding, flightKey, undefined))
      return
    }
    const stamp = engine.stamp(plan.names, request.target)
    fill(at, forwarding, flightKey, apart || flight !== undefined ? undefined : flights.begin(flightKey, stamp), stamp)
  }

  /** Wait for another's run. When it was stored, look again; how else it ended is the caller's to answer. */
  function waitFor(
    at: Attempt<Subject>,
    flight: Flight,
    waitMs: number,
    waitUntil: number,
    otherwise: (how: 'released' | 'failed' | 'timeout') => void,
  ): void {
    follow(flight, {
      waitMs,
      onGone: hook => at.exchange.onGone(hook),
      accepts: shareable => shareable || !at.plan.guarded,
      ended: how => (how === 'stored' ? attempt({ ...at, waitUntil, collapsed: true }) : otherwise(how)),
    })
  }

  function serveStale(
    at: Attempt<Subject>,
    stale: StoredResponse,
    detail: StaleReason,
    forwarding: Forwarding,
    flightKey: string,
  ): void {
    const now = at.engine.now()
    // It may have been purged while the handler was waited for.
    if (at.engine.ledger.verdict(stale, now) === 'invalid')
      fill(at, { ...forwarding, stale: undefined }, flightKey, undefined)
    else serve({ ...at, collapsed: false }, stale, now, currentAge(stale.timing, now), detail)
  }

  function fill(
    at: Attempt<Subject>,
    forwarding: Forwarding,
    flightKey: string,
    flight: Flight | undefined,
    stamp = at.engine.stamp(at.plan.names, at.exchange.request.target),
    background?: Refresh,
  ): void {
    const { engine, exchange, plan, startedAt } = at
    const { stale } = forwarding
    const conditional = stale === undefined ? {} : conditionalFor(stale)
    const recorder = new Fill<Subject>({
      engine,
      settings,
      exchange,
      plan,
      ...forwarding,
      flight,
      flightKey,
      stamp,
      begun: engine.begin(),
      startedAt,
      validating: Object.keys(conditional).length > 0,
      background: background !== undefined,
      ended: background?.ended,
    })
    exchange.claim(engine, () => recorder.callOff())
    exchange.forward({ recorder, conditional, observe: true })
  }

  /** Have the stored response refreshed behind its back. False: there is no way to. */
  function startRefresh(at: Attempt<Subject>, stored: StoredResponse): boolean {
    const { engine, exchange, plan } = at
    const flightKey = flightKeyOf(engine, plan, exchange.request)
    const now = engine.now()
    if (engine.responses.flights.get(flightKey) !== undefined || stored.refreshNotBefore > now) return true
    const stamp = engine.stamp(plan.names, exchange.request.target)
    return sendRefresh({
      engine,
      owner,
      exchange,
      settings,
      plan,
      stored,
      rule: (engine.near.get(plan.key) as Resource | undefined)?.rule ?? [],
      flight: engine.responses.flights.begin(flightKey, stamp),
      fill: (replayed, refresh, flight) =>
        fill(
          { engine, exchange: replayed, plan, startedAt: engine.now(), waitUntil: undefined, collapsed: false },
          { fwd: 'stale', detail: undefined, stale: stored, mayServeStaleUntil: undefined },
          flightKey,
          flight,
          stamp,
          refresh,
        ),
    })
  }

  function bypass(engine: Engine, exchange: Exchange<Subject>, reason: BypassReason): void {
    reportRequest(engine, exchange.request.method, engine.now(), {
      outcome: 'bypass',
      status: 0,
      reason,
      stored: false,
      collapsed: false,
    })
    // A cache further out over the same engine is not to keep what this route passes by.
    exchange.claim(engine, () => undefined)
    exchange.forward({ recorder: passing({ fwd: 'bypass', detail: reason }) })
  }
}

interface Attempt<Subject> {
  readonly engine: Engine
  readonly exchange: Exchange<Subject>
  readonly plan: Plan
  readonly startedAt: number
  /** Set once the request has waited for another's run. */
  readonly waitUntil: number | undefined
  readonly collapsed: boolean
}

/** Why a request goes to the handler, and what is stored of what it asks for. */
interface Forwarding {
  readonly fwd: NonNullable<CacheStatus['fwd']>
  readonly detail: 'invalidated' | undefined
  readonly stale: StoredResponse | undefined
  readonly mayServeStaleUntil: number | undefined
}

const gatewayTimeout: Outgoing = {
  status: 504,
  headers: ['Content-Length', '0', 'Cache-Status', formatCacheStatus({ fwd: 'request', detail: 'only-if-cached' })],
  body: Buffer.alloc(0),
}

/** A response that is not whole, or that nothing may be kept of, goes by unrecorded. */
function whyUnfilled(request: CacheRequest, mode: Mode): UnfilledReason | undefined {
  if (mode !== 'on') return mode === 'stale-only' ? 'stale-only' : 'read-only'
  if (request.method === 'HEAD') return 'head'
  return request.headers['range'] === undefined ? undefined : 'range'
}

/** Requests with credentials wait for their like alone: what the others are given may not be for them. */
function flightKeyOf(engine: Engine, plan: Plan, request: CacheRequest): string {
  const resource = engine.near.get(plan.key) as Resource | undefined
  const variant = resource === undefined ? '' : variantOf(resource.rule, request.headers)
  return `${plan.guarded ? 'guarded' : 'open'}\n${plan.key}\n${variant}`
}

function hitStatus(
  stored: StoredResponse,
  ageMs: number,
  detail: StaleReason | undefined,
  collapsed: boolean,
): CacheStatus {
  const ttl = ttlSeconds(stored.terms, ageMs)
  const outcome: CacheStatus = collapsed ? { fwd: 'uri-miss', collapsed: true } : { hit: true }
  return { ...outcome, ttl, ...(detail === undefined ? {} : { detail }) }
}
