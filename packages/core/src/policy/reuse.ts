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
  /** Marked stale by a soft invalidation. */
  readonly soft: boolean
}

export interface ReuseOptions {
  readonly clientDirectives: PolicyOptions['clientDirectives']
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
      readonly ageMs: number
    }
  | { readonly action: 'gateway-timeout' }

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
    return { action: 'forward', fwd: 'uri-miss', mayServeStaleOnErrorUntil: undefined, ageMs: 0 }
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

function staleOnErrorUntil({ terms, timing }: Reusable, nowMs: number): number | undefined {
  if (terms.mustRevalidate || terms.noCache) return undefined
  const until = timing.respondedAt + terms.freshnessLifetimeMs - timing.initialAgeMs + terms.staleIfErrorMs
  return until > nowMs ? until : undefined
}
