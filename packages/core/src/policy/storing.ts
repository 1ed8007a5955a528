// RFC 9111 §3 — Storing: why a response may not be kept.

import { parseCacheControl } from '../http/cache-control.ts'
import { fieldValue, requestField } from '../http/headers.ts'
import { responseDirectives } from './directives.ts'
import { isHeuristicallyCacheable, isKeptByDefault, isKeptOnItsOwnWord, isUnderstood } from './statuses.ts'
import { isExplicit } from './terms.ts'
import type { PolicyOptions, RequestFacts, ResponseFacts, Terms } from './types.ts'
import { hasValidator } from './validation.ts'
import { varyNames } from './vary.ts'

/** Every reason for which a response may not be stored, in the order in which they are looked for. */
export const STORE_REFUSALS = [
  /** Only GET fills. */
  'method',
  /** The status is not one that this preset keeps on these grounds. */
  'status',
  /** A 200 that says it holds a part: the preset `rfc9111` keeps it, since the field means nothing there (RFC 9110 §14.4). */
  'content-range',
  /** Cache-Control does not follow its grammar, and could have said anything. */
  'malformed',
  /** The response says `no-store`. */
  'no-store',
  /** The request says `no-store`, and the route obeys. */
  'request-no-store',
  /** The response says `private`, for all or some of its fields. */
  'private',
  /** The response says `no-cache`: kept only by the preset `rfc9111`. */
  'no-cache',
  /** The response gives its client a cookie: the preset `rfc9111` keeps it on the response's own word (§7.3). */
  'set-cookie',
  /** The request carries Authorization, and the response does not say that others may have it (§3.5). */
  'authorization',
  /** `Vary: *`, or a Vary that cannot be read. */
  'vary-star',
  /** The response was chosen by Cookie or Authorization. */
  'vary-credentials',
  /** A stream of events has no end to wait for. */
  'event-stream',
  /** It could never be reused. */
  'no-freshness',
] as const

/** Why a response may not be stored. */
export type StoreRefusal = (typeof STORE_REFUSALS)[number]

/** What a route says of all its responses. */
export interface RouteStance {
  /** They are for everybody, or a scope in the key parts those who may not share: credentials in the request are no obstacle. */
  readonly optedIn: boolean
}

/** Why a response may not be stored, or `undefined` when it may. `terms` are the response's own, by the same options. */
export function storeRefusal(
  request: RequestFacts,
  response: ResponseFacts,
  options: PolicyOptions,
  terms: Terms,
  route: RouteStance = NO_STANCE,
): StoreRefusal | undefined {
  const rfc = options.preset === 'rfc9111'
  const { headers, status } = response
  const { directives } = responseDirectives(headers, options.preset)
  // §5.2.2.3: `must-understand` sets `no-store` aside for those who know the status, and forbids it to the others.
  const understood = rfc && directives.mustUnderstand && isUnderstood(status)

  if (request.method !== 'GET') return 'method'
  if (rfc && directives.mustUnderstand && !understood) return 'status'
  if (!(rfc ? isKeptByRfc(status, terms, directives.public) : isKept(status, terms))) return 'status'
  if (!rfc && fieldValue(headers, 'content-range') !== undefined) return 'content-range'
  if (directives.malformed) return 'malformed'
  if (directives.noStore && !understood) return 'no-store'
  if (options.clientDirectives === 'obey' && saysNoStore(request)) return 'request-no-store'
  if (directives.private) return 'private'
  if (!rfc && terms.noCache) return 'no-cache'
  if (fieldValue(headers, 'set-cookie') !== undefined && !(rfc && isExplicit(terms.freshnessSource)))
    return 'set-cookie'
  if (request.headers['authorization'] !== undefined && !terms.shareable && !route.optedIn) return 'authorization'
  const vary = varyNames(headers)
  if (vary === '*') return 'vary-star'
  if (!rfc && !route.optedIn && (vary.includes('cookie') || vary.includes('authorization'))) return 'vary-credentials'
  if (isEventStream(fieldValue(headers, 'content-type'))) return 'event-stream'
  if (!isReusable(response, terms, rfc)) return 'no-freshness'
  return undefined
}

const NO_STANCE: RouteStance = { optedIn: false }

function isKept(status: number, terms: Terms): boolean {
  return isKeptByDefault(status) || (isKeptOnItsOwnWord(status) && isExplicit(terms.freshnessSource))
}

/** Any final status but the two that are parts of others, on a word for it or by its own definition. */
function isKeptByRfc(status: number, terms: Terms, isPublic: boolean): boolean {
  if (status < 200 || status === 206 || status === 304) return false
  return isPublic || isExplicit(terms.freshnessSource) || isHeuristicallyCacheable(status)
}

function saysNoStore(request: RequestFacts): boolean {
  return parseCacheControl(requestField(request.headers, 'cache-control')).noStore
}

function isEventStream(contentType: string | undefined): boolean {
  return contentType !== undefined && /^[ \t]*text\/event-stream(?:[ \t;,]|$)/i.test(contentType)
}

/** Fresh for a while, or stale for a while; by the RFC also when it can be asked about. */
function isReusable(response: ResponseFacts, terms: Terms, rfc: boolean): boolean {
  if (terms.freshnessLifetimeMs > 0 || terms.staleWhileRevalidateMs > 0 || terms.staleIfErrorMs > 0) return true
  return rfc && hasValidator(response.headers)
}
