// Waiting for a lease that another process holds: by its message, with an end to every wait.

import { LONGEST_TIMER_MS } from '../duration.ts'
import type { ReleaseOutcome } from '../store/far.ts'

export interface Ear {
  /** How the lease ended, also when that was before this call; `timeout` when it has not after so long. */
  wait(ms: number): Promise<ReleaseOutcome | 'timeout'>
  /** Listen anew: what was heard so far is known. */
  clear(): void
  close(): void
}

export interface Ears {
  /** Whoever is to hear of a lease listens before he asks for it: its end may be told before the answer arrives. */
  hear(lease: string): Ear
  tell(lease: string, outcome: ReleaseOutcome): void
  close(): void
}

interface Listening {
  heard: ReleaseOutcome | undefined
  wake: ((outcome: ReleaseOutcome | 'timeout') => void) | undefined
}

export function createEars(): Ears {
  const listening = new Map<string, Set<Listening>>()

  return {
    hear(lease) {
      const own: Listening = { heard: undefined, wake: undefined }
      const others = listening.get(lease)
      if (others === undefined) listening.set(lease, new Set([own]))
      else others.add(own)
      return {
        wait(ms) {
          if (own.heard !== undefined) return Promise.resolve(own.heard)
          return new Promise(resolve => {
            const timer = setTimeout(() => own.wake?.('timeout'), Math.min(Math.max(ms, 0), LONGEST_TIMER_MS))
            own.wake = outcome => {
              clearTimeout(timer)
              own.wake = undefined
              resolve(outcome)
            }
          })
        },
        clear() {
          own.heard = undefined
        },
        close() {
          own.wake?.('timeout')
          const all = listening.get(lease)
          all?.delete(own)
          if (all?.size === 0) listening.delete(lease)
        },
      }
    },
    tell(lease, outcome) {
      for (const each of listening.get(lease) ?? []) {
        each.heard = outcome
        each.wake?.(outcome)
      }
    },
    close() {
      for (const all of listening.values()) for (const each of all) each.wake?.('timeout')
      listening.clear()
    },
  }
}
