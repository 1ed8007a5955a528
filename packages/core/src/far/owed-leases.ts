// Leases that are over and could not be given back, because the store was away: it is told once it is there again.

import type { Claim, ReleaseOutcome } from '../store/far.ts'

export interface OwedLease {
  readonly key: string
  readonly claim: Claim
  readonly outcome: ReleaseOutcome
  readonly apartMs: number
}

export interface OwedLeases {
  add(lease: OwedLease): void
  /** Gives all of them back, one after the other. `giveBack` says whether it could. */
  settle(giveBack: (lease: OwedLease) => Promise<boolean>): Promise<void>
  readonly size: number
}

/** More than this are left to end by themselves. */
const MOST = 1000

export function createOwedLeases(now: () => number): OwedLeases {
  const owed = new Map<OwedLease, number>()
  let isSettling = false

  return {
    add(lease) {
      if (owed.size < MOST) owed.set(lease, now() + lease.claim.holdMs)
    },
    async settle(giveBack) {
      if (isSettling) return
      isSettling = true
      for (const [lease, endsAt] of owed) {
        owed.delete(lease)
        // By now it has ended by itself.
        if (now() >= endsAt || (await giveBack(lease))) continue
        owed.set(lease, endsAt)
        break
      }
      isSettling = false
    },
    get size() {
      return owed.size
    },
  }
}
