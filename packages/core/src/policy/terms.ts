// RFC 9111 §4.2.1 and §4.2.4 — How long a response is fresh, and how long it may be served stale.

import type { CacheControl } from '../http/cache-control.ts'
import { parseHttpDate } from '../http/date.ts'
import { MAX_SECONDS } from '../http/delta-seconds.ts'
import { fieldValue } from '../http/headers.ts'
import { responseDirectives } from './directives.ts'
import { isHeuristicallyCacheable, isKeptByDefault } from './statuses.ts'
import type { FreshnessSource, PolicyOptions, ResponseFacts, Terms } from './types.ts'

const DAY_MS = 86_400_000
const MAX_MS = MAX_SECONDS * 1000

/** Everything that a response says, or the route says for it, about its reuse. `nowMs` is the time of day. */
export function readTerms(response: ResponseFacts, options: PolicyOptions, nowMs: number): Terms {
  const { directives, targeted } = responseDirectives(response.headers, options.preset)
  const { source, lifetimeMs } = freshness(response, options, directives, targeted, nowMs)
  const mustRevalidate = directives.mustRevalidate || directives.proxyRevalidate || directives.sMaxage !== undefined
  const { noCache } = directives
  // A response that is over as soon as it is made has been given no grace by its handler; the route gives none in its name.
  const graceless = isExplicit(source) && lifetimeMs === 0
  const window = (own: number | undefined, routeMs: number) =>
    mustRevalidate || noCache || directives.malformed
      ? 0
      : clamp(
          own === undefined ? (graceless ? 0 : routeMs) : own * 1000,
          options.preset === 'default' ? DAY_MS : MAX_MS,
        )
  return {
    freshnessLifetimeMs: lifetimeMs,
    freshnessSource: source,
    staleWhileRevalidateMs: window(directives.staleWhileRevalidate, options.staleWhileRevalidateMs),
    staleIfErrorMs: window(directives.staleIfError, options.staleIfErrorMs),
    mustRevalidate,
    noCache,
    shareable:
      directives.public ||
      directives.sMaxage !== undefined ||
      (targeted && directives.maxAge !== undefined) ||
      // §3.5 has it too; but whoever writes it means freshness, and seldom knows that it also shares.
      (options.preset === 'rfc9111' && directives.mustRevalidate),
  }
}

/** Whether the response itself said how long it is fresh. */
export function isExplicit(source: FreshnessSource): boolean {
  return source !== 'ttl' && source !== 'heuristic' && source !== 'none'
}

interface Freshness {
  readonly source: FreshnessSource
  readonly lifetimeMs: number
}

/** §4.2.1: the first that applies. */
function freshness(
  response: ResponseFacts,
  options: PolicyOptions,
  directives: CacheControl,
  targeted: boolean,
  nowMs: number,
): Freshness {
  const { sMaxage, maxAge } = directives
  if (sMaxage !== undefined) return inSeconds(targeted ? 'cdn-cache-control' : 's-maxage', sMaxage)
  if (maxAge !== undefined) return inSeconds(targeted ? 'cdn-cache-control' : 'max-age', maxAge)
  const date = parseHttpDate(fieldValue(response.headers, 'date') ?? '', nowMs) ?? nowMs
  const expiresField = targeted ? undefined : fieldValue(response.headers, 'expires')
  if (expiresField !== undefined) {
    // Two Expires lines join to what is no date, and an invalid date lies in the past (§5.3).
    const expires = parseHttpDate(expiresField, nowMs)
    return { source: 'expires', lifetimeMs: expires === undefined ? 0 : clamp(expires - date, MAX_MS) }
  }
  const rfc = options.preset === 'rfc9111'
  const assumable = rfc
    ? isHeuristicallyCacheable(response.status) || directives.public
    : isKeptByDefault(response.status)
  if (!assumable) return { source: 'none', lifetimeMs: 0 }
  if (options.ttlMs !== undefined) return { source: 'ttl', lifetimeMs: clamp(options.ttlMs, MAX_MS) }
  if (!rfc) return { source: 'none', lifetimeMs: 0 }
  const lastModified = parseHttpDate(fieldValue(response.headers, 'last-modified') ?? '', nowMs)
  if (lastModified === undefined) return { source: 'none', lifetimeMs: 0 }
  // §4.2.2: the customary tenth of the time since the last change.
  return { source: 'heuristic', lifetimeMs: clamp((date - lastModified) / 10, DAY_MS) }
}

function inSeconds(source: FreshnessSource, seconds: number): Freshness {
  return { source, lifetimeMs: clamp(seconds * 1000, MAX_MS) }
}

function clamp(ms: number, most: number): number {
  return ms > 0 ? Math.min(ms, most) : 0
}
