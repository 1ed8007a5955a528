// A promise that somebody waits for, but not for ever.

import { LONGEST_TIMER_MS } from './duration.ts'

/**
 * Rejects with what `late` makes when the promise has not settled in time; what comes later is heard by nobody. Keeps no process
 * alive.
 */
export function within<T>(timeoutMs: number, promise: Promise<T>, late: () => unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), Math.min(timeoutMs, LONGEST_TIMER_MS))
    timer.unref()
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}
