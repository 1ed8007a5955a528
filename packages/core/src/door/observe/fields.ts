// Which request fields are inputs of a response, and which of them tell who asks.

import type { IdentityInput } from './observation.ts'

/**
 * Conditional, range and framing fields are the cache's and the server's business; ids of a request or trace are no input. The other
 * fields that describe content are one: a GET with content passes by, but one without can still carry them.
 */
const never = new Set([
  'if-match',
  'if-none-match',
  'if-modified-since',
  'if-unmodified-since',
  'if-range',
  'range',
  'cache-control',
  'pragma',
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'content-length',
  'trailer',
  'expect',
  'te',
  'upgrade',
  'traceparent',
  'tracestate',
  'baggage',
  'b3',
  'request-id',
  'x-request-id',
  'correlation-id',
  'x-correlation-id',
  'x-trace-id',
  'x-amzn-trace-id',
  'x-cloud-trace-context',
  'uber-trace-id',
  'sentry-trace',
  'cf-ray',
])

const identities = new Map<string, IdentityInput>([
  ['cookie', 'cookie'],
  ['authorization', 'authorization'],
  ['proxy-authorization', 'authorization'],
  ['forwarded', 'forwarded-for'],
  ['x-forwarded-for', 'forwarded-for'],
  ['x-real-ip', 'forwarded-for'],
  ['x-client-ip', 'forwarded-for'],
  ['x-cluster-client-ip', 'forwarded-for'],
  ['cf-connecting-ip', 'forwarded-for'],
  ['fastly-client-ip', 'forwarded-for'],
  ['fly-client-ip', 'forwarded-for'],
  ['true-client-ip', 'forwarded-for'],
])

/**
 * Fields that middleware is known to read eagerly, without the response depending on it or with a Vary of its own. Only their
 * readers are looked up on the stack, because a look costs more than all the rest of a read.
 */
const eager = new Set([
  'user-agent',
  'referer',
  'referrer',
  'origin',
  'access-control-request-headers',
  'access-control-request-method',
  'accept-encoding',
  'x-forwarded-proto',
])

export function neverCounts(name: string): boolean {
  return never.has(name) || name.startsWith('x-b3-') || name.startsWith('x-datadog-')
}

export function identityOf(name: string): IdentityInput | undefined {
  return identities.get(name)
}

export function readEagerly(name: string): boolean {
  return eager.has(name)
}
