// RFC 9211 — Cache-Status: what the cache did with a request, in one structured member. Never the key: it may hold secrets.

/** Why a request went to the handler (§2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'miss' | 'request' | 'stale' | 'partial'

export interface CacheStatus {
  readonly hit?: boolean
  readonly fwd?: ForwardReason
  /** The status of the forwarded response, when another one goes out. */
  readonly fwdStatus?: number
  /** Seconds of freshness left; negative for a stale response. */
  readonly ttl?: number
  readonly stored?: boolean
  readonly collapsed?: boolean
  /** The reason, as one token. What is no token is left out. */
  readonly detail?: string
}

/** The name under which this cache speaks. */
export const CACHE_NAME = 'larder'

/** One list member, as `larder; fwd=uri-miss; stored; ttl=300`. */
export function formatCacheStatus(status: CacheStatus): string {
  let member = CACHE_NAME
  if (status.hit) member += '; hit'
  if (status.fwd !== undefined) member += `; fwd=${status.fwd}`
  if (status.fwdStatus !== undefined) member += `; fwd-status=${Math.trunc(status.fwdStatus)}`
  if (status.stored) member += '; stored'
  if (status.collapsed) member += '; collapsed'
  if (status.ttl !== undefined && Number.isFinite(status.ttl)) member += `; ttl=${Math.floor(status.ttl)}`
  if (status.detail !== undefined && TOKEN.test(status.detail)) member += `; detail=${status.detail}`
  return member
}

/** `sf-token` (RFC 9651 §3.3.4). */
const TOKEN = /^[A-Za-z*][\w!#$%&'*+\-.^`|~:/]{0,127}$/
