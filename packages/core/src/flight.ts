// Single-flight for responses: who waits for whose run of a handler, and what the waiters learn when.

import { AsyncResource } from 'node:async_hooks'
import { LONGEST_TIMER_MS } from './duration.ts'
import type { ForwardReason } from './http/cache-status.ts'
import type { Stamped } from './invalidation/log.ts'
import type { RequestTrace } from './request-trace.ts'

/**
 * `storable` comes with the head and means: wait on. The others end it. `stored`: look again. `released`: run your own handler, all at once.
 * `again`: nobody has run it, so look again, and let one of you be the next to lead.
 */
export type FlightNews =
  | { readonly kind: 'storable'; readonly shareable: boolean }
  | { readonly kind: 'stored' }
  | { readonly kind: 'released'; readonly failed: boolean }
  | { readonly kind: 'again' }

export type Waiter = (news: FlightNews) => void

export interface Flight {
  /** What the fill carries: a purge that it does not survive, its waiters need not wait for either. */
  readonly stamp: Stamped
  /** The trace of the request whose run it is. */
  readonly leader: RequestTrace | undefined
  /** Returns what takes the waiter off again. A late one is told the head at once. */
  join(waiter: Waiter): () => void
  tell(news: FlightNews): void
}

/** The flights of one engine, by the key of what is being filled. */
export interface Flights {
  get(key: string): Flight | undefined
  /** Begin a flight, in the place of one that is no good any more. It leaves the table when it is told its end. */
  begin(key: string, stamp: Stamped, leader?: RequestTrace): Flight
  readonly size: number
}

export function createFlights(): Flights {
  // A new one whenever it is empty: V8 links each table that a Map has outgrown to the next, so that in old memory one of them keeps all flights
  // since then until a full collection.
  let table = new Map<string, Flight>()
  return {
    get: key => table.get(key),
    begin(key, stamp, leader) {
      const flight = new LiveFlight(stamp, leader, ended => {
        if (table.get(key) !== ended) return
        if (table.size === 1) table = new Map()
        else table.delete(key)
      })
      table.set(key, flight)
      return flight
    },
    get size() {
      return table.size
    },
  }
}

/** A class, because V8 keeps what a getter of an object literal closes over until its next full collection. */
class LiveFlight implements Flight {
  readonly stamp: Stamped
  readonly leader: RequestTrace | undefined
  readonly #ended: (flight: Flight) => void
  /** Most runs are waited for by nobody. */
  #waiters: Set<Waiter> | undefined
  #last: FlightNews | undefined

  constructor(stamp: Stamped, leader: RequestTrace | undefined, ended: (flight: Flight) => void) {
    this.stamp = stamp
    this.leader = leader
    this.#ended = ended
  }

  join(waiter: Waiter): () => void {
    this.#waiters ??= new Set()
    const waiters = this.#waiters.add(waiter)
    if (this.#last !== undefined) waiter(this.#last)
    return () => waiters.delete(waiter)
  }

  tell(news: FlightNews): void {
    if (this.#last !== undefined && this.#last.kind !== 'storable') return
    this.#last = news
    if (news.kind !== 'storable') this.#ended(this)
    if (this.#waiters === undefined) return
    for (const waiter of [...this.#waiters]) {
      try {
        waiter(news)
      } catch (error) {
        // One that breaks is neither the leader's failure nor that of the others.
        queueMicrotask(() => {
          throw error
        })
      }
    }
    if (news.kind !== 'storable') this.#waiters.clear()
  }
}

/** How a request waits for another's run, and what becomes of it. */
export interface Follower {
  readonly waitMs: number
  /** Told when the client leaves. */
  onGone(hook: () => void): () => void
  /** Whether a response that is, or is not, fit for requests with credentials would do. */
  accepts(shareable: boolean): boolean
  /** Called once, unless the client leaves first. */
  ended(how: FlightEnd): void
}

export type FlightEnd = 'stored' | 'released' | 'failed' | 'again' | 'timeout'

/** What a request knows that has waited. */
export interface Waited {
  readonly how: FlightEnd
  /** Why it had gone to wait. */
  readonly fwd: ForwardReason
  /** Until when it may wait in all. */
  readonly until: number
  /** The trace of the request whose run it was. */
  readonly leader: RequestTrace | undefined
}

/** Wait for a flight's end: every wait ends, by news, by time, or with the client. */
export function follow(flight: Flight, follower: Follower): void {
  let over = false
  // The news come from inside the leader's handler, whose async context (its user, its span) is none of the follower's.
  const ended = AsyncResource.bind((how: FlightEnd) => follower.ended(how))
  const timer = setTimeout(() => finish('timeout'), Math.min(follower.waitMs, LONGEST_TIMER_MS))
  const ungone = follower.onGone(() => finish(undefined))
  let leave: (() => void) | undefined
  leave = flight.join(news => {
    if (news.kind === 'stored' || news.kind === 'again') finish(news.kind)
    else if (news.kind === 'released') finish(news.failed ? 'failed' : 'released')
    else if (!follower.accepts(news.shareable)) finish('released')
  })
  if (over) leave()

  function finish(how: FlightEnd | undefined): void {
    if (over) return
    over = true
    clearTimeout(timer)
    ungone()
    // A flight may have its news while it is being joined.
    leave?.()
    if (how !== undefined) ended(how)
  }
}
