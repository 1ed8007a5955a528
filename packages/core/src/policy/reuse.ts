// RFC 9111 §4 — Constructing responses from caches: what a stored response is good for, now.

import { type CacheControl, parseCacheControl } from '../http/cache-control.ts'
import { type HeaderList, requestField } from '../http/headers.ts'
import { currentAge } from './age.ts'
import { saysNoCache } from './directives.ts'
import type { PolicyOptions, RequestFacts, Terms, Timing } from './types.ts'
import { hasValidator } from './validation.ts'

/** A stored response, as far as this decision needs it. */
export interface Reusable {
  readonly status: number
  readonly headers: HeaderList
  readonly terms: Terms
  readonly timing: Timing
  /** Marked stale by a soft invalidation. @default false */
  readonly soft?: boolean
}

export interface ReuseOptions {
  readonly clientDirectives: PolicyOptions['clientDirectives']
  readonly preset: PolicyOptions['preset']
  /** Spare the handler: a stale response within any of its windows is served without a refresh. */
  readonly staleOnly: boolean
}

/** What to do with a request. `ageMs` and `ttlMs` are those of the stored response; a stale one has `ttlMs` of 0 or less. */
export type Decision =
  | { readonly action: 'serve'; readonly stale: boolean; readonly ageMs: number; readonly ttlMs: number }
  | { readonly action: 'serve-and-refresh'; readonly ageMs: number; readonly ttlMs: number }
  | {
      readonly action: 'validate' | 'forward'
      readonly fwd: 'uri-miss' | 'stale' | 'request'
      /** Until when a failure of the handler may be answered with the stored response (RFC 5861 §4). */
      readonly mayServeStaleOnErrorUntil: number | undefined
      /** What stands in for a handler that breaks off before its head. */
      readonly whenDisconnected: WhenDisconnected
      readonly ageMs: number
    }
  | { readonly action: 'gateway-timeout' }

/** The stored response, an error of the cache's own, or nothing: then the client sees what became of the handler. */
export type WhenDisconnected = 'stale' | 'gateway-timeout' | 'nothing'

/** Serve, serve and refresh, validate, or forward. */
export function decide(
  request: RequestFacts,
  stored: Reusable | undefined,
  options: ReuseOptions,
  nowMs: number,
): Decision {
  const client = options.clientDirectives === 'obey' ? clientDirectives(request) : undefined
  if (stored === undefined) {
    if (client?.onlyIfCached) return GATEWAY_TIMEOUT
    return {
      action: 'forward',
      fwd: 'uri-miss',
      mayServeStaleOnErrorUntil: undefined,
      whenDisconnected: 'nothing',
      ageMs: 0,
    }
  }
  const { terms } = stored
  const ageMs = currentAge(stored.timing, nowMs)
  const leftMs = terms.freshnessLifetimeMs - ageMs
  const fresh = leftMs > 0 && !stored.soft && !terms.noCache
  const ttlMs = fresh ? leftMs : Math.min(leftMs, 0)
  const refused = client !== undefined && isRefusedByClient(client, ageMs, ttlMs, fresh)
  if (!refused) {
    if (fresh) return { action: 'serve', stale: false, ageMs, ttlMs }
    if (!terms.mustRevalidate && !terms.noCache) {
      const staleMs = -ttlMs
      if (options.staleOnly && staleMs < Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs)) {
        return { action: 'serve', stale: true, ageMs, ttlMs }
      }
      if (staleMs < terms.staleWhileRevalidateMs) return { action: 'serve-and-refresh', ageMs, ttlMs }
      // A soft invalidation is no staleness that the client could have meant.
      if (client?.maxStale !== undefined && !stored.soft && staleMs <= client.maxStale * 1000) {
        return { action: 'serve', stale: true, ageMs, ttlMs }
      }
    }
  }
  if (client?.onlyIfCached) return GATEWAY_TIMEOUT
  return {
    action: hasValidator(stored.headers) ? 'validate' : 'forward',
    fwd: refused && fresh ? 'request' : 'stale',
    mayServeStaleOnErrorUntil: refused ? undefined : staleOnErrorUntil(stored, nowMs),
    whenDisconnected: refused || options.preset === 'default' ? 'nothing' : whenDisconnected(terms),
    ageMs,
  }
}

const GATEWAY_TIMEOUT: Decision = { action: 'gateway-timeout' }

function clientDirectives(request: RequestFacts): CacheControl {
  const field = requestField(request.headers, 'cache-control')
  const directives = parseCacheControl(field)
  // Pragma counts only where there is no Cache-Control (§5.4); what cannot be read could have said no-cache.
  const noCache = field === undefined ? saysNoCache(requestField(request.headers, 'pragma')) : directives.malformed
  return noCache ? { ...directives, noCache: true } : directives
}

/** §5.2.1: the client asks for something fresher. */
function isRefusedByClient(client: CacheControl, ageMs: number, ttlMs: number, fresh: boolean): boolean {
  if (client.noCache) return true
  if (client.maxAge !== undefined && (client.maxAge === 0 || ageMs > client.maxAge * 1000)) return true
  if (client.minFresh !== undefined && ttlMs < client.minFresh * 1000) return true
  return !fresh && client.maxAge !== undefined && client.maxStale === undefined
}

/** §4.2.4: a disconnected cache may serve stale, unless the response forbids it; then it generates an error (§5.2.2.2). */
function whenDisconnected(terms: Terms): WhenDisconnected {
  return terms.mustRevalidate || terms.noCache ? 'gateway-timeout' : 'stale'
}

function staleOnErrorUntil({ terms, timing }: Reusable, nowMs: number): number | undefined {
  if (terms.mustRevalidate || terms.noCache) return undefined
  const until = timing.respondedAt + terms.freshnessLifetimeMs - timing.initialAgeMs + terms.staleIfErrorMs
  return until > nowMs ? until : undefined
}
