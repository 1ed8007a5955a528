// The path of a request, top to bottom: key, lookup, decide, then serve, serve and refresh, validate, or forward.

import { type Attempt, type Filling, type Forwarding, refreshing } from './attempt.ts'
import type { Cache } from './cache.ts'
import { represent } from './codings.ts'
import type { Duration } from './duration.ts'
import { type Engine, engineOf, modeOf } from './engine.ts'
import type { Exchange } from './exchange.ts'
import { createFarLookUp } from './far-look-up.ts'
import { Fill } from './fill.ts'
import { fillContext } from './fill-context.ts'
import { type Flight, type FlightEnd, follow } from './flight.ts'
import { guarded } from './guarded.ts'
import type { ForwardReason } from './http/cache-status.ts'
import { namesOf } from './key.ts'
import { flightKeyOf, lookup, reusable, stampOf, verdictFor } from './lookup.ts'
import { passing, watching } from './passing.ts'
import { planAtOnce, planRequest } from './plan.ts'
import { currentAge } from './policy/age.ts'
import { requestRefusal } from './policy/normal-request.ts'
import { decide } from './policy/reuse.ts'
import { conditionalFor } from './policy/validation.ts'
import type { BypassReason, StaleReason } from './reasons.ts'
import { createRefresher } from './refresher.ts'
import { reportRequest } from './report.ts'
import { type ResponseCacheOptions, type RouteSettings, readRouteSettings } from './response-options.ts'
import { refuse, serveStored } from './serving.ts'
import { standingBy, whyUnfilled } from './stand-in.ts'
import type { StoredResponse } from './stored-response.ts'

/** Where a door finds the cache of a request when the route names none. */
export interface App<Subject> {
  cacheFor(subject: Subject): Cache
}

export interface ResponseCache<Subject> {
  readonly settings: RouteSettings<Subject>
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
  const usual = { ...settings.policy, staleOnly: false }
  const sparing = { ...settings.policy, staleOnly: true }
  const refresher = createRefresher<Subject>(owner, settings, fill)
  const farLookUp = createFarLookUp<Subject>(settings, attempt, fill)
  return { settings, handle }

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
      exchange.forward({ recorder: guarded(engine, watching(engine, request)) })
      return
    }
    if (modeOf(engine) === 'bypass') return bypass(engine, exchange, 'flag')
    if (!settings.methods.has(method)) return bypass(engine, exchange, 'methods')
    const refusal = requestRefusal(request)
    if (refusal !== undefined) return bypass(engine, exchange, refusal)
    const plan = planAtOnce(exchange, settings)
    if (plan === undefined) return ask(engine, exchange)
    const now = engine.now()
    attempt({ engine, exchange, plan, startedAt: now, waited: undefined, askedFar: false }, now)
  }

  /** Have the user's functions asked first. */
  function ask(engine: Engine, exchange: Exchange<Subject>): void {
    planRequest(
      exchange,
      settings,
      plan => attempt({ engine, exchange, plan, startedAt: engine.now(), waited: undefined, askedFar: false }),
      (reason, failed) => {
        if (failed !== undefined) {
          engine.metrics.count('errors')
          engine.emit(() => ({ type: 'fault', cache: engine.name, operation: failed.operation, code: undefined }))
        }
        bypass(engine, exchange, reason)
      },
    )
  }

  /** Made when the request comes, and again when it has waited: the world is another one by then. */
  function attempt(at: Attempt<Subject>, now = at.engine.now()): void {
    const { engine, exchange, plan, waited } = at
    const { request } = exchange
    const mode = modeOf(engine)
    const { stored, soft, fwd, detail } = lookup(engine, plan, request, now, at.found)
    const decision = decide(request, stored && reusable(stored, soft), mode === 'stale-only' ? sparing : usual, now)
    switch (decision.action) {
      case 'serve':
        serve(at, stored!, now, decision.ageMs, decision.stale ? 'stale-allowed' : undefined)
        return
      case 'serve-and-refresh':
        if (mode === 'on' && refresher.start(at, stored!) === 'no-way') {
          forward(at, { ...refreshing, stale: stored })
        } else serve(at, stored!, now, decision.ageMs, 'stale-while-revalidate')
        return
      case 'gateway-timeout':
        refuse(at, 'request', 'only-if-cached')
        return
      default: {
        const forwarding: Forwarding = {
          fwd: decision.fwd === 'uri-miss' ? fwd : decision.fwd,
          detail,
          stale: stored,
          mayServeStaleUntil: decision.mayServeStaleOnErrorUntil,
          whenDisconnected: decision.whenDisconnected,
        }
        // What was waited for is never fresh: those who want it fresh must not queue for it one by one.
        const isInVain = waited?.how === 'stored' && stored !== undefined && !soft
        forward(isInVain ? { ...at, waited: { ...waited, how: 'released' } } : at, forwarding)
      }
    }
  }

  function serve(at: Attempt<Subject>, stored: StoredResponse, now: number, ageMs: number, detail?: StaleReason): void {
    const collapsed = at.waited?.how === 'stored' ? at.waited : undefined
    const { engine, exchange, plan } = at
    const sent = settings.compress ? represent(engine, plan.key, stored, exchange.request.headers) : stored
    serveStored(at, sent, now, ageMs, detail, collapsed?.fwd, collapsed?.leader)
  }

  function forward(at: Attempt<Subject>, forwarding: Forwarding): void {
    const { engine, exchange, plan, waited } = at
    const { request } = exchange
    const { fwd, stale, mayServeStaleUntil } = forwarding
    const unfilled = whyUnfilled(request, modeOf(engine))
    if (unfilled !== undefined) {
      if (farLookUp.isDue(at, fwd)) return farLookUp.look(at)
      exchange.forward({ recorder: guarded(engine, standingBy({ ...at, ...forwarding }, fwd, unfilled)) })
      return
    }
    // Of two caches over one engine on the way the inner one decides, and must not wait for the outer one's run: it is its own.
    exchange.claim(engine, nothingToCallOff)
    const { flights, unshared } = engine.responses
    const now = engine.now()
    const waitUntil = waited?.until ?? now + settings.collapseTimeoutMs
    const { softTimeoutMs } = settings
    if (
      stale !== undefined &&
      mayServeStaleUntil !== undefined &&
      softTimeoutMs !== undefined &&
      waited === undefined
    ) {
      const refresh = refresher.start(at, stale)
      if (refresh === 'resting') return serveStale(at, stale, 'stale-if-error')
      if (refresh !== 'no-way') {
        waitFor(at, refresh, softTimeoutMs, waitUntil, fwd, (how, again) => {
          if (how === 'released' || how === 'again') attempt(again)
          else serveStale(again, stale, how === 'timeout' ? 'soft-timeout' : 'stale-if-error')
        })
        return
      }
    }
    const flightKey = flightKeyOf(engine, plan, request.headers)
    const hasWaited = waited !== undefined && waited.how !== 'stored' && waited.how !== 'again'
    const isApart = hasWaited || (unshared.get(flightKey) ?? 0) > now
    const flight = isApart ? undefined : flights.get(flightKey)
    // A run that began before a purge is not worth waiting for; the next one takes its place.
    const isFit = flight !== undefined && engine.ledger.verdict(flight.stamp, now) === 'valid'
    if (isFit && now < waitUntil) {
      waitFor(at, flight, waitUntil - now, waitUntil, fwd, (_how, again) => attempt(again))
      return
    }
    const own = isApart || isFit ? undefined : flights.begin(flightKey, stampOf(engine, request, stale), exchange.trace)
    if (own !== undefined && engine.far?.usable && fwd !== 'request') {
      farLookUp.lookBeforeFill(at, forwarding, flightKey, own, waitUntil)
    } else fill(at, forwarding, { flightKey, flight: own })
  }

  /** Wait for another's run. When it was stored, look again; how else it ended is the caller's to answer. */
  function waitFor(
    at: Attempt<Subject>,
    flight: Flight,
    waitMs: number,
    until: number,
    fwd: ForwardReason,
    otherwise: (how: Exclude<FlightEnd, 'stored'>, again: Attempt<Subject>) => void,
  ): void {
    follow(flight, {
      waitMs,
      onGone: hook => at.exchange.onGone(hook),
      accepts: shareable => shareable || !at.plan.guarded,
      ended(how) {
        const again = { ...at, waited: { until, fwd, how, leader: flight.leader } }
        if (how === 'stored') attempt(again)
        else otherwise(how, again)
      },
    })
  }

  function serveStale(at: Attempt<Subject>, stale: StoredResponse, detail: StaleReason): void {
    const { engine, exchange, plan } = at
    const now = engine.now()
    // It may have been purged while the handler was waited for.
    if (verdictFor(engine, plan, exchange.request, stale, now) === 'invalid') attempt(at)
    else serve(at, stale, now, currentAge(stale.timing, now), detail)
  }

  function fill(at: Attempt<Subject>, forwarding: Forwarding, how: Filling): void {
    const { engine, exchange } = at
    const { background } = how
    const conditional = forwarding.stale === undefined ? {} : conditionalFor(forwarding.stale)
    const carried = fillContext<Subject>(at, forwarding, {
      settings,
      flight: how.flight,
      flightKey: how.flightKey,
      // Taken now: what was asked before the handler runs is no part of its run.
      stamp: how.stamp ?? stampOf(engine, exchange.request, forwarding.stale),
      lease: how.lease,
      names: namesOf(exchange.request),
      begun: engine.begin(),
      validating: Object.keys(conditional).length > 0,
      background: background !== undefined,
      ended: background?.ended,
    })
    const run = new Fill(carried)
    const callOff = () => run.callOff()
    exchange.claim(engine, callOff)
    const recorder = guarded(engine, run, callOff)
    // A gateway goes by what its origin says, and passes all fields on.
    exchange.forward({ recorder, conditional, observe: settings.policy.preset === 'default' })
  }

  function bypass(engine: Engine, exchange: Exchange<Subject>, reason: BypassReason): void {
    reportRequest(engine, exchange, engine.now(), {
      outcome: 'bypass',
      status: 0,
      reason,
      stored: false,
      collapsed: false,
    })
    // A cache further out over the same engine is not to keep what this route passes by.
    exchange.claim(engine, nothingToCallOff)
    exchange.forward({ recorder: passing({ fwd: 'bypass', detail: reason }) })
  }
}

const nothingToCallOff = () => undefined
