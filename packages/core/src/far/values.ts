// Application data in the far tier: looked up there on a miss, shared when it is kept.

import { randomUUID } from 'node:crypto'
import type { Engine } from '../engine.ts'
import type { Claim, ReleaseOutcome } from '../store/far.ts'
import { consult, type FarAnswer, LONGEST_LEASE_MS } from './consult.ts'
import { decodeShared, encodeShared, type SharedValue } from './data-frame.ts'

export interface FarValues {
  /** Look up a key, and hand what is there to `take`, which says whether it is news. Those who ask at the same time share one look-up. */
  look(key: string): Promise<void>
  /** Look it up before it is filled: is it there, or is it ours to fill? Waits for another process for `waitMs` at the most. */
  askBeforeFill(key: string, waitMs: number): Promise<FarAnswer>
  /** `newer`: the store has a newer one. `unshared`: nobody else has it, and what is there may be older. */
  share(key: string, value: SharedValue, lease: Claim | undefined): Promise<'stored' | 'newer' | 'unshared'>
  remove(key: string): void
  endLease(key: string, lease: Claim | undefined, outcome: ReleaseOutcome): void
}

/** @param take keeps what was found when it is valid and newer than what is kept; false when it is of no use. */
export function createFarValues(engine: Engine, take: (key: string, found: SharedValue) => boolean): FarValues {
  const looking = new Map<string, Promise<void>>()

  function ask(key: string, claim: (() => Claim) | undefined, waitMs: number): Promise<FarAnswer> {
    const far = engine.far!
    return consult(far, {
      key: farKey(key),
      variantBy: () => '',
      take(_rule, frame) {
        const found = decodeShared(key, frame, far.clock)
        if (found === undefined) return 'malformed'
        return take(key, found) ? 'taken' : 'useless'
      },
      claim,
      lookedUp: false,
      waitMs,
      now: engine.now,
    })
  }

  return {
    look(key) {
      const under = looking.get(key)
      if (under !== undefined) return under
      const look = ask(key, undefined, 0).then(() => void looking.delete(key))
      looking.set(key, look)
      return look
    },
    askBeforeFill: (key, waitMs) =>
      ask(key, () => ({ lease: farKey(key), token: randomUUID(), holdMs: LONGEST_LEASE_MS }), waitMs),
    async share(key, value, release) {
      const far = engine.far!
      const written = await far.set({
        key: farKey(key),
        variant: '',
        rule: [],
        widens: undefined,
        epoch: value.epoch,
        position: Math.floor(value.position),
        filledAt: far.clock.toStore(value.filledAt),
        expiresAt: far.clock.toStore(value.errorUntil),
        livesMs: Math.ceil(Math.max(1, value.errorUntil - engine.now())),
        maxVariants: 1,
        frame: encodeShared(key, value, far.clock),
        release,
      })
      if (written === 'stored') return 'stored'
      return written === 'outdone' ? 'newer' : 'unshared'
    },
    remove(key) {
      engine.far?.remove(farKey(key))
    },
    endLease(key, lease, outcome) {
      if (lease !== undefined) engine.far?.release(farKey(key), lease, outcome, 0)
    },
  }
}

const farKey = (key: string): string => `d:${key}`
