// When a far store is probed: every so often, and soon where there is a reason to. No request ever waits for it.

import type { BreakerState } from '../resilience.ts'

export interface Probes {
  /** The store has told of a claim that came too late, and told it in time: then its clock is no longer the one that we know. */
  claimWasLate(): void
  close(): void
}

/** Durations and instants in milliseconds. */
export interface ProbesContext {
  readonly healthIntervalMs: number
  readonly breakerResetMs: number
  readonly now: () => number
  readonly breaker: () => BreakerState
  /** When the breaker opened last. */
  readonly openedAt: () => number
  /** Whether the store has told its time. */
  readonly isTimed: () => boolean
  /** When the log, which lies on the same server, was last heard. */
  readonly confirmedAt: () => number
  probe(): void
}

/** What speaks for a probe is looked at so often, and makes one no more often. */
const WATCH_MS = 500

export function createProbes(context: ProbesContext): Probes {
  const { healthIntervalMs, breakerResetMs, now, breaker, openedAt, isTimed, confirmedAt, probe } = context
  let mendedAt = Number.NEGATIVE_INFINITY

  const health = setInterval(() => {
    if (breaker() === 'closed') probe()
  }, healthIntervalMs)
  const watch = setInterval(
    () => {
      // Its first answer was lost, and until there is one it is not asked for anything else.
      if (breaker() === 'closed' && !isTimed()) probe()
      if (breaker() !== 'open') return
      // Then no request asks: its time has to be over, or the log is answered again.
      const heardAt = confirmedAt()
      const isBack = heardAt > openedAt() && heardAt !== Number.POSITIVE_INFINITY
      if (isBack || now() - openedAt() >= breakerResetMs) probe()
    },
    Math.min(WATCH_MS, breakerResetMs),
  )
  health.unref()
  watch.unref()

  return {
    claimWasLate() {
      const at = now()
      // Should the answer be lost, the next claim asks again.
      if (at - mendedAt < WATCH_MS) return
      mendedAt = at
      probe()
    },
    close() {
      clearInterval(health)
      clearInterval(watch)
    },
  }
}
