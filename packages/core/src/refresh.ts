// RFC 5861 §3 — Refreshing behind a stale response: the request is sent through the application once more, without its client.

import { LONGEST_TIMER_MS } from './duration.ts'
import type { Engine } from './engine.ts'
import type { RefreshEvent } from './events.ts'
import type { Exchange } from './exchange.ts'
import type { FillOutcome } from './fill-context.ts'
import type { Flight } from './flight.ts'
import type { HeaderList } from './http/headers.ts'
import { type Plan, planRequest } from './plan.ts'
import { type RequestTrace, tellTrace } from './request-trace.ts'
import type { RouteSettings } from './response-options.ts'
import type { StoredResponse } from './stored-response.ts'

/** What a fill that nobody waits for tells of its end. */
export interface Refresh {
  ended(outcome: FillOutcome): void
}

export interface RefreshRequest<Subject> {
  readonly engine: Engine
  readonly owner: object
  /** The request that met the stale response. */
  readonly exchange: Exchange<Subject>
  readonly settings: RouteSettings<Subject>
  readonly plan: Plan
  readonly stored: StoredResponse
  /** The request fields that select the variant. */
  readonly rule: readonly string[]
  readonly flight: Flight
  /** It ended before its fill began. */
  lost(): void
  /** `plan` is the copy's own: it may carry no credentials where the request did. */
  fill(exchange: Exchange<Subject>, plan: Plan, refresh: Refresh): void
}

/** After a refresh that failed the next one waits this long, twice as long after every further one, up to the most. */
const BACK_OFF_MS = 1000
const MOST_BACK_OFF_MS = 60_000

/** Answers whether there is a way into the application. The flight is told its end in any case. */
export function sendRefresh<Subject>(refresh: RefreshRequest<Subject>): boolean {
  const { engine, owner, exchange, settings, plan, stored, flight } = refresh
  let over = false
  let trace: RequestTrace | undefined
  // Somebody in front of this middleware may never answer.
  const timer = setTimeout(lost, Math.min(settings.fillTimeoutMs, LONGEST_TIMER_MS))
  timer.unref()
  const sent = exchange.replay(replayHeaders(exchange, settings, refresh.rule), {
    owner,
    cause: exchange.trace,
    lost,
    arrive(replayed) {
      const again = replayed as Exchange<Subject>
      const drop = () => {
        again.send({ status: 204, headers: [], body: undefined })
        lost()
      }
      if (over) return drop()
      planRequest(
        again,
        settings,
        replan => {
          // The copy must be for the same key, or it would fill another's place.
          if (over || replan.key !== plan.key) return drop()
          // The fill has a limit of its own.
          clearTimeout(timer)
          trace = again.trace
          refresh.fill(again, replan, { ended })
        },
        drop,
      )
    },
  })
  if (!sent) {
    over = true
    clearTimeout(timer)
    flight.tell({ kind: 'released', failed: true })
    return false
  }
  engine.metrics.count('refreshes')
  engine.emit(() => ({ type: 'refresh', cache: engine.name, outcome: 'started' }))
  return true

  function lost(): void {
    if (!over) refresh.lost()
    ended('failed')
  }

  function ended(outcome: FillOutcome): void {
    if (over) return
    over = true
    clearTimeout(timer)
    if (outcome === 'failed') {
      stored.refreshNotBefore = engine.now() + Math.min(MOST_BACK_OFF_MS, BACK_OFF_MS * 2 ** stored.refreshFailures)
      stored.refreshFailures++
    }
    flight.tell({ kind: 'released', failed: outcome === 'failed' })
    const event: RefreshEvent = {
      type: 'refresh',
      cache: engine.name,
      outcome: outcome === 'stored' ? 'stored' : 'failed',
      ...(outcome === 'unstorable' ? { reason: outcome } : {}),
    }
    tellTrace(trace, event, exchange.trace)
    engine.emit(() => event)
  }
}

/** Fields that are of one connection, one message, one trace or one copy that a client has. */
const neverCarried = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'content-length',
  'content-type',
  'content-encoding',
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
  'cache-control',
  'pragma',
  'traceparent',
  'tracestate',
  'baggage',
])
/** Fields that tell who asks. */
const identifying = new Set([
  'cookie',
  'authorization',
  'proxy-authorization',
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
])

/**
 * What the copy of a request carries: what its key and variant cover and no more, so that the one who happens to meet the stale
 * response leaves no trace in the next one. A `key` of the user's may need any field but those that tell who asks, a `scope` these
 * too.
 */
function replayHeaders<Subject>(
  exchange: Exchange<Subject>,
  settings: RouteSettings<Subject>,
  rule: readonly string[],
): HeaderList {
  const { rawHeaders } = exchange.request
  const covered = new Set(['host', ...rule])
  const carried: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (neverCarried.has(name)) continue
    const isCovered =
      settings.scope !== undefined || covered.has(name) || (settings.key !== undefined && !identifying.has(name))
    if (isCovered) carried.push(rawHeaders[i]!, rawHeaders[i + 1]!)
  }
  return carried
}
