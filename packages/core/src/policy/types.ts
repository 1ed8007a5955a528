// The words in which the rules of RFC 9111 speak. Instants and durations are in milliseconds of the cache's own clock.

import type { HeaderList, RequestHeaders } from '../http/headers.ts'

/** What the rules may know of a request. */
export interface RequestFacts {
  readonly method: string
  readonly headers: RequestHeaders
}

/** What the rules may know of a response. */
export interface ResponseFacts {
  readonly status: number
  readonly headers: HeaderList
}

/** Which reading of the RFC a route has. */
export interface PolicyOptions {
  /** `'default'`: safe for an application. `'rfc9111'`: a shared cache as a gateway would be. */
  readonly preset: 'default' | 'rfc9111'
  /** Freshness lifetime of a response that says nothing itself. */
  readonly ttlMs: number | undefined
  /** Stale-while-revalidate window of a response that says nothing itself (RFC 5861 §3). */
  readonly staleWhileRevalidateMs: number
  /** Stale-if-error window of a response that says nothing itself (RFC 5861 §4). */
  readonly staleIfErrorMs: number
  /** Whether the request's Cache-Control and Pragma are obeyed (RFC 9111 §5.2.1). */
  readonly clientDirectives: 'ignore' | 'obey'
}

/** Where a freshness lifetime comes from. */
export type FreshnessSource = 'cdn-cache-control' | 's-maxage' | 'max-age' | 'expires' | 'ttl' | 'heuristic' | 'none'

/** A response's terms, read once when it is stored. */
export interface Terms {
  readonly freshnessLifetimeMs: number
  readonly freshnessSource: FreshnessSource
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  /** `must-revalidate`, `proxy-revalidate` or `s-maxage`: never stale without asking. */
  readonly mustRevalidate: boolean
  /** `no-cache`: never without asking. */
  readonly noCache: boolean
  /** `public` or `s-maxage`, by the RFC also `must-revalidate`: fit for requests that carry credentials. */
  readonly shareable: boolean
}

/** The times that RFC 9111 §4.2.3 needs. */
export interface Timing {
  /** `corrected_initial_age`, at `respondedAt`. */
  readonly initialAgeMs: number
  /** `response_time`: when the head came. */
  readonly respondedAt: number
}
