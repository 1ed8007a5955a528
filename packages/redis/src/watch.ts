// Does the channel deliver? A connection that is open and silent is given up.

import { performance } from 'node:perf_hooks'
import type { Place } from './record.ts'
import type { Subscription } from './subscription.ts'

export interface Watch {
  heard(place: Place): void
  /** To be called at each tick, which has read from the stream what the channel did not bring. */
  check(): void
}

/** At most one new connection in this time. */
const RENEWAL_MS = 5000

export function createWatch(subscription: Subscription, place: () => Place): Watch {
  let before = place()
  let heard = before
  let renewedAt = performance.now()

  return {
    heard(place) {
      heard = place
    },
    check() {
      const known = before
      before = place()
      // A message for what was known a tick ago has had its time.
      const isSilent = known.epoch === heard.epoch && known.sequence > heard.sequence
      if (subscription.active && !isSilent) {
        if (known.epoch !== heard.epoch) heard = before
        return
      }
      const at = performance.now()
      if (at - renewedAt < RENEWAL_MS) return
      renewedAt = at
      heard = before
      subscription.renew()
    },
  }
}
