// What is known of a request on its way, from one look at the store to the next.

import type { Engine } from './engine.ts'
import type { Exchange } from './exchange.ts'
import type { Flight, Waited } from './flight.ts'
import type { ForwardReason } from './http/cache-status.ts'
import type { Stamped } from './invalidation/log.ts'
import type { Plan } from './plan.ts'
import type { WhenDisconnected } from './policy/reuse.ts'
import type { Refresh } from './refresh.ts'
import type { Claim } from './store/far.ts'
import type { StoredResponse } from './stored-response.ts'

export interface Attempt<Subject> {
  readonly engine: Engine
  readonly exchange: Exchange<Subject>
  readonly plan: Plan
  readonly startedAt: number
  /** It has waited for another's run. */
  readonly waited: Waited | undefined
  /** The far tier has been asked on its behalf. */
  readonly askedFar: boolean
  /** What it had, for as long as memory has nothing. */
  readonly found?: StoredResponse | undefined
}

/** Why a request goes to the handler, and what is stored of what it asks for. */
export interface Forwarding {
  readonly fwd: ForwardReason
  readonly detail: 'invalidated' | undefined
  readonly stale: StoredResponse | undefined
  readonly mayServeStaleUntil: number | undefined
  readonly whenDisconnected: WhenDisconnected
}

/** A stored response that goes out, or has gone out, although it is stale, is to be replaced. */
export const refreshing = {
  fwd: 'stale',
  detail: undefined,
  mayServeStaleUntil: undefined,
  whenDisconnected: 'nothing',
} as const

/** How a run of the handler is begun. */
export interface Filling {
  readonly flightKey: string
  /** Those who wait for it; none when it runs for its own client alone. */
  readonly flight: Flight | undefined
  /** @default now's */
  readonly stamp?: Stamped
  /** Under which other processes leave it to this one. */
  readonly lease?: Claim | undefined
  /** Nobody waits for its response. */
  readonly background?: Refresh
}

export type BeginFill<Subject> = (at: Attempt<Subject>, forwarding: Forwarding, how: Filling) => void

/** How long what another process said of a fill is taken for granted, in milliseconds. */
export const TAKEN_FOR_GRANTED_MS = 1000
