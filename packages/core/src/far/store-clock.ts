// Instants in a shared store are by the store's clock: no two processes need to agree on the time of day.

export interface StoreClock {
  /** False until the store has told its time. */
  readonly isSet: boolean
  /** What the store said its time was, when it was asked at `askedAt` by our own clock. `jumped`: not what was to be expected. */
  set(told: number, askedAt: number): 'kept' | 'jumped'
  /** An instant of our own clock, by the store's. */
  toStore(at: number): number
  /** An instant of the store's clock, by our own. */
  toOwn(at: number): number
}

/** What two clocks may differ by when they tell of the same instant, in milliseconds. */
export const CLOCK_TOLERANCE_MS = 20

/** Clocks that are set by the network slew; more than this is a step, or another server. */
const JUMP_MS = 1000

export function createStoreClock(now: () => number): StoreClock {
  let offset: number | undefined
  return {
    get isSet() {
      return offset !== undefined
    },
    set(told, askedAt) {
      const answeredAt = now()
      const next = told - (askedAt + answeredAt) / 2
      const before = offset
      offset = next
      const slackMs = JUMP_MS + (answeredAt - askedAt)
      return before !== undefined && Math.abs(next - before) > slackMs ? 'jumped' : 'kept'
    },
    toStore: at => at + (offset ?? 0),
    toOwn: at => at - (offset ?? 0),
  }
}
