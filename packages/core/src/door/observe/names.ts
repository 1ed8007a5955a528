// What the properties of req, res and ctx are: Node's, the framework's, an id or a logger's, or somebody's identity.

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { IdentityInput, Owner } from './observation.ts'

/** Watched on an Express request while it is absent too: that nobody is there is an answer. */
export const persons: readonly string[] = ['user', 'session', 'auth']

/** What middleware makes of credentials that it reads eagerly. */
export const products: readonly string[] = ['cookies', 'signedCookies', 'sessionID', 'rateLimit']

const identities = new Map<PropertyKey, IdentityInput>([
  ['user', 'user'],
  ['session', 'session'],
  ['sessionID', 'session'],
  ['auth', 'auth'],
  ['cookies', 'cookies'],
  ['signedCookies', 'cookies'],
])

/** What is watched by name. */
export const wellKnown: readonly string[] = [
  ...persons,
  ...products,
  ...['ip', 'ips', 'protocol', 'host', 'hostname', 'headersDistinct', 'remoteAddress'],
]

/** Whether a name says who asks even while nothing is there. */
export function meansIdentity(key: PropertyKey): boolean {
  return identities.has(key)
}

/** The word for a property that an outer layer added. */
export function wordFor(owner: Owner, key: PropertyKey): IdentityInput {
  return identities.get(key) ?? `${owner}.${nameOf(key)}`
}

/** A symbol goes by its description, which unlike its text fits into a field of a response. */
export function nameOf(key: PropertyKey): string {
  return typeof key === 'symbol' ? (key.description ?? '') : String(key)
}

/**
 * Set by the frameworks out of the request target and the body, or plumbing of common middleware: a renderer reads through what is
 * watched, `secret` is the application's, and OpenTelemetry's `__ot_middlewares` are the paths of its layers.
 */
const plumbing = {
  req: `res next url originalUrl baseUrl _parsedUrl _parsedOriginalUrl route params query _query body _body rawBody file files
    headers secret __ot_middlewares`,
  res: 'req locals flush _eventsCount _maxRequestsPerSocket',
  ctx: `app req res request response originalUrl state respond params captures matched router routerPath routerName _matchedRoute
    _matchedRouteName render`,
  request: 'app req res ctx response originalUrl params body rawBody _accept _querycache memoizedURL',
  response: 'app req res ctx request _body _explicitStatus _explicitNullBody',
}

/** Ids of a request and loggers are no input, and on-finished keeps its listeners with whom it listens to. */
const common = '__onFinished id reqId requestId correlationId traceId log logger allLogs'

/** Symbols by description: their owners keep them to themselves. */
const privateSymbols = new Set([
  'router.tracing.matchedRoute',
  'context#cookies',
  'kServerResponseStatistics',
  'kUniqueHeaders',
  // What caches leave on a request for each other.
  'larder.claims',
  'larder.tags',
  'larder.replay',
  'larder.trace',
])

const native = nativeKeys()

const known: Readonly<Record<keyof typeof plumbing, ReadonlySet<PropertyKey>>> = {
  req: new Set([...native, ...words(plumbing.req)]),
  res: new Set([...native, ...words(plumbing.res)]),
  ctx: new Set(words(plumbing.ctx)),
  request: new Set(words(plumbing.request)),
  response: new Set(words(plumbing.response)),
}

/** What is part of every request, so that no outer layer is behind it. */
export function plumbingOf(owner: keyof typeof plumbing): ReadonlySet<PropertyKey> {
  return known[owner]
}

export function isPrivate(key: symbol): boolean {
  return privateSymbols.has(key.description ?? '')
}

function words(list: string): string[] {
  return `${list} ${common}`.split(/\s+/)
}

/** Every Node version has its own symbols, so ask it. */
function nativeKeys(): readonly PropertyKey[] {
  const request = new IncomingMessage(new Socket())
  // Made when first read.
  void [request.headers, request.headersDistinct, request.trailers, request.trailersDistinct]
  return [...Reflect.ownKeys(request), ...Reflect.ownKeys(new ServerResponse(request))]
}
