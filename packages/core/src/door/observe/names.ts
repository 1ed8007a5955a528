// What the properties of req, res and ctx are: Node's, the framework's, an id or a logger's, or somebody's identity.

import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import type { IdentityInput, Owner } from './observation.ts'

/** Watched on an Express request while it is absent too: that nobody is there is an answer. */
export const persons: readonly string[] = ['user', 'session', 'auth']

/** What middleware makes of credentials that it reads eagerly. */
export const products: readonly string[] = ['cookies', 'signedCookies', 'sessionID']

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
  ...['ip', 'ips', 'protocol', 'host', 'hostname', 'rawHeaders', 'headersDistinct', 'remoteAddress'],
]

/** Whether a name says who asks even while nothing is there. */
export function meansIdentity(key: PropertyKey): boolean {
  return identities.has(key)
}

/** The word for a property that an outer layer added. */
export function wordFor(owner: Owner, key: PropertyKey): IdentityInput {
  return identities.get(key) ?? `${owner}.${String(key)}`
}

/**
 * Set by Node and the frameworks out of the request target and the body, or plumbing of common middleware: ids of the request,
 * loggers and renderers (which read through what is watched).
 */
const plumbing = `
  res req ctx app request response next respond locals state headers secret statusMessage __onFinished
  url originalUrl baseUrl _parsedUrl _parsedOriginalUrl route params query _query _querycache memoizedURL _accept
  body _body rawBody file files _explicitStatus _explicitNullBody
  matched router routerPath routerName captures _matchedRoute _matchedRouteName
  _eventsCount _maxRequestsPerSocket
  id reqId requestId correlationId traceId log logger allLogs flush render
`

/** Symbols by description: the frameworks keep them to themselves. */
const plumbingSymbols = new Set([
  'router.tracing.matchedRoute',
  'context#cookies',
  'kServerResponseStatistics',
  'kUniqueHeaders',
])

const native = nativeKeys()

/** Whether a property is part of every request, so that no outer layer is behind it. */
export function isPlumbing(key: PropertyKey): boolean {
  return native.has(key) || (typeof key === 'symbol' && plumbingSymbols.has(key.description ?? ''))
}

/** Every Node version has its own symbols, so ask it. */
function nativeKeys(): ReadonlySet<PropertyKey> {
  const request = new IncomingMessage(new Socket())
  // Made when first read.
  void [request.headers, request.headersDistinct, request.trailers, request.trailersDistinct]
  return new Set([
    ...plumbing.trim().split(/\s+/),
    ...Reflect.ownKeys(request),
    ...Reflect.ownKeys(new ServerResponse(request)),
  ])
}
