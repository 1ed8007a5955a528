// The value, or one run of what makes it: fresh, stale while it is refreshed, or filled once for all who ask.

import type { Life } from './data-options.ts'
import type { DataStore } from './data-store.ts'
import type { Engine } from './engine.ts'
import { LarderError } from './errors.ts'
import { faultCode } from './events.ts'
import { createSingleFlight } from './single-flight.ts'
import type { Claim } from './store/far.ts'
import { type Encoded, encodeValue } from './values.ts'
import { within } from './within.ts'

export interface Obtained {
  /** `undefined`: the fill made nothing that could be kept. */
  readonly value: Encoded | undefined
  readonly outcome: 'hit' | 'stale' | 'miss'
}

/** Rejects with what `fill` rejects with. */
export type GetOrSet = (key: string, fill: () => unknown, life: Life) => Promise<Obtained>

/** In milliseconds. */
export interface FillLimits {
  /** How long to wait for a fill that another started. */
  readonly waitMs: number
  /** How long a fill may take. */
  readonly fillMs: number
}

export function createGetOrSet(engine: Engine, store: DataStore, { waitMs, fillMs }: FillLimits): GetOrSet {
  const { metrics, flags } = engine
  const flights = createSingleFlight<Obtained>()

  function fly(key: string, fill: () => unknown, life: Life) {
    let current = () => true
    // Who runs beside another has waited long enough.
    const isFirst = !flights.has(key)
    const run = async (): Promise<Obtained> => {
      let lease: Claim | undefined
      if (isFirst && store.isFarDue(key)) {
        const answer = await store.askFar(key, waitMs)
        const found = answer.kind === 'found' ? store.find(key) : undefined
        if (found?.state === 'fresh') return { value: found.value, outcome: 'hit' }
        if (answer.kind === 'mine') lease = answer.claim
      }
      const ticket = store.begin(key, life)
      current = () => store.current(ticket)
      let outcome: 'kept' | 'not-kept' | 'failed' = 'failed'
      try {
        const made = await within(fillMs, new Promise(begin => begin(fill())), tookTooLong)
        const value = made === undefined ? undefined : encodeValue(made)
        outcome = store.keep(ticket, value, life) ? 'kept' : 'not-kept'
        if (outcome === 'kept') metrics.count('sets')
        return { value, outcome: 'miss' }
      } catch (error) {
        metrics.count('errors')
        throw error
      } finally {
        store.end(ticket)
        store.settle(key, lease, outcome)
      }
    }
    return flights.run(key, run, waitMs, () => current())
  }

  function refresh(key: string, fill: () => unknown, life: Life): void {
    const cache = engine.name
    metrics.count('refreshes')
    engine.emit(() => ({ type: 'refresh', cache, outcome: 'started' }))
    fly(key, fill, life).promise.then(
      ({ value }) => {
        if (value === undefined) engine.emit(() => ({ type: 'refresh', cache, outcome: 'failed', reason: 'no-value' }))
        else engine.emit(() => ({ type: 'refresh', cache, outcome: 'stored' }))
      },
      error => {
        engine.emit(() => ({ type: 'refresh', cache, outcome: 'failed', reason: 'fill-failed' }))
        engine.emit(() => ({ type: 'fault', cache, operation: 'refresh', code: faultCode(error) }))
      },
    )
  }

  return async function getOrSet(key, fill, life) {
    const found = store.find(key)
    if (found?.state === 'fresh') {
      // Another process may have set it; who asks now does not wait for the answer.
      if (store.isFarDue(key)) void store.lookFar(key)
      return { value: found.value, outcome: 'hit' }
    }
    if (found?.state === 'stale') {
      if (flags.mode() === 'on' && !flights.has(key)) refresh(key, fill, life)
      return { value: found.value, outcome: 'stale' }
    }
    const { promise, leader } = fly(key, fill, life)
    if (!leader) metrics.count('collapsed')
    try {
      return await promise
    } catch (error) {
      // Looked up anew: a purge may have come since.
      const spare = store.find(key)
      if (spare === undefined) throw error
      return { value: spare.value, outcome: spare.state === 'fresh' ? 'hit' : 'stale' }
    }
  }
}

const tookTooLong = () => new LarderError('LARDER_FILL_TIMEOUT')
