// What the cache tells: one closed union on one diagnostics channel. No key, URL, tag, value or body is ever in it.

import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { LarderErrorCode } from './errors.ts'
import type { Operation } from './metrics.ts'

/** The name of the channel. */
export const eventChannel = 'larder:event'

/** One operation on application data. `durationMs` is milliseconds. */
export interface DataEvent {
  readonly type: 'data'
  readonly cache: string
  readonly operation: Operation
  readonly outcome: 'hit' | 'stale' | 'miss' | 'bypass' | 'set' | 'deleted' | 'refused'
  readonly durationMs: number
}

/** One HTTP request. `reason` is the word that `Cache-Status` carries. */
export interface RequestEvent {
  readonly type: 'request'
  readonly cache: string
  readonly outcome: 'hit' | 'stale' | 'miss' | 'bypass'
  readonly reason: string | undefined
  readonly method: string
  readonly status: number
  readonly stored: boolean
  readonly collapsed: boolean
  /** Age of the stored response that went out, in seconds; `undefined` when none did. */
  readonly age: number | undefined
  readonly durationMs: number
}

/** A refresh behind a stale answer. */
export interface RefreshEvent {
  readonly type: 'refresh'
  readonly cache: string
  readonly outcome: 'started' | 'stored' | 'failed'
  readonly reason?: string
}

/** An invalidation that this process asked for. `names` is how many exact names it has. */
export interface InvalidationEvent {
  readonly type: 'invalidation'
  readonly cache: string
  readonly kind: 'names' | 'pattern' | 'all'
  readonly soft: boolean
  readonly names: number
}

/** The memory tier let an entry go to make room. */
export interface EvictionEvent {
  readonly type: 'eviction'
  readonly cache: string
  readonly bytes: number
}

/** One call to the far store. `durationMs` is milliseconds. `skipped`: the breaker is open, or too much is on its way. */
export interface FarEvent {
  readonly type: 'far'
  readonly cache: string
  readonly operation: 'get' | 'set' | 'remove' | 'claim' | 'release' | 'probe'
  readonly outcome: 'hit' | 'miss' | 'done' | 'stored' | 'refused' | 'error' | 'timeout' | 'skipped'
  readonly durationMs: number
}

/** The breaker in front of the far store changed. */
export interface BreakerEvent {
  readonly type: 'breaker'
  readonly cache: string
  readonly state: 'closed' | 'open' | 'half-open'
}

/** A cache was made, or closed. `measure` says what it holds now, as long as it is open. */
export interface LifeEvent {
  readonly type: 'life'
  readonly cache: string
  readonly phase: 'opened' | 'closed'
  readonly measure: () => Measures
}

/** What a cache holds and how it does. */
export interface Measures {
  /** Entries in memory. */
  readonly entries: number
  /** Bytes in memory. */
  readonly bytes: number
  /** Of all look-ups since the cache was made, the share that was answered from it; 0 when there were none. */
  readonly hitRatio: number
  /** How long ago the invalidation log last confirmed that this node has everything, in milliseconds; 0 for a local log. */
  readonly lagMs: number
}

/** Something failed and the client did not notice. `code` is that of the error, where it has one. */
export interface FaultEvent {
  readonly type: 'fault'
  readonly cache: string
  readonly operation: 'key' | 'tags' | 'scope' | 'skip' | 'fill' | 'refresh' | 'far' | 'invalidate' | 'flag'
  readonly code: LarderErrorCode | (string & {}) | undefined
}

/** Everything that the cache tells. */
export type CacheEvent =
  | DataEvent
  | RequestEvent
  | RefreshEvent
  | InvalidationEvent
  | EvictionEvent
  | FarEvent
  | BreakerEvent
  | LifeEvent
  | FaultEvent

const events = channel(eventChannel)

/** Whether anybody wants to hear of events. */
export function isListenedTo(): boolean {
  return events.hasSubscribers
}

/** Publish an event. It is built only when somebody listens. */
export function publishEvent(event: () => CacheEvent): void {
  if (events.hasSubscribers) events.publish(event())
}

/** Be told of every event of every cache in this process. What `listener` throws is an uncaught exception. Returns what ends it. */
export function onCacheEvent(listener: (event: CacheEvent) => void): () => void {
  const told = (message: unknown) => listener(message as CacheEvent)
  subscribe(eventChannel, told)
  return () => void unsubscribe(eventChannel, told)
}

/** The code of an error, for a `FaultEvent`. Never its text, which may hold anything. */
export function faultCode(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(code) ? code : undefined
}
