// What the response caches over one engine share while requests are under way.

import { LRUCache } from 'lru-cache'
import { createFlights, type Flights } from './flight.ts'

export interface ResponseState {
  readonly flights: Flights
  /** Hit-for-miss: until when requests for a key run side by side, because its last response could not be stored. */
  readonly unshared: {
    get(flightKey: string): number | undefined
    set(flightKey: string, untilMs: number): unknown
    delete(flightKey: string): unknown
  }
  readonly unsharedMs: number
  /** Bodies that are being encoded at this moment. */
  encoding: number
}

/** Keys that are remembered as not to be collapsed, how many characters of them, and for how long. */
const MOST_UNSHARED = 10_000
const MOST_UNSHARED_LENGTH = 4 * 1024 * 1024
const UNSHARED_MS = 60_000

export function createResponseState(): ResponseState {
  return {
    flights: createFlights(),
    unshared: new LRUCache<string, number>({
      max: MOST_UNSHARED,
      maxSize: MOST_UNSHARED_LENGTH,
      sizeCalculation: (_until, key) => key.length,
    }),
    unsharedMs: UNSHARED_MS,
    encoding: 0,
  }
}
