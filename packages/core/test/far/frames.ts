// A stored response and a stored value, for the tests of their frames.

import type { SharedValue } from '../../src/far/data-frame.ts'
import { createStoreClock, type StoreClock } from '../../src/far/store-clock.ts'
import { makeStored } from '../../src/keep.ts'
import type { StoredResponse } from '../../src/stored-response.ts'

/** The store's clock is three hours ahead. */
export function clockAhead(now = () => 1_700_000_000_000): StoreClock {
  const clock = createStoreClock(now)
  clock.set(now() + 10_800_000, now())
  return clock
}

export function storedResponse(changes: Partial<StoredResponse> = {}): StoredResponse {
  const stored = makeStored({
    status: 200,
    headers: [
      'Content-Type',
      'text/plain',
      'Cache-Control',
      'public, max-age=60',
      'Date',
      'Thu, 01 Jan 1970 00:00:00 GMT',
    ],
    removed: ['x-powered-by'],
    body: Buffer.from('a page, whole'),
    terms: {
      freshnessLifetimeMs: 60_000,
      freshnessSource: 'max-age',
      staleWhileRevalidateMs: 1000,
      staleIfErrorMs: 2000,
      mustRevalidate: false,
      noCache: false,
      shareable: true,
    },
    timing: { initialAgeMs: 0, respondedAt: 1_700_000_000_000 },
    begun: 5,
    stamp: {
      epoch: 'epoch',
      position: 7,
      filledAt: 1_699_999_999_990,
      names: [],
      subject: '/page',
      checkedAt: -1,
      checkedVerdict: 'valid',
    },
    names: ['u:h/page', 'p:/page', 't:pages'],
    clientTtlSeconds: undefined,
  })
  return { ...stored, ...changes }
}

export function sharedValue(changes: Partial<SharedValue> = {}): SharedValue {
  return {
    epoch: 'epoch',
    position: 7,
    filledAt: 1_700_000_000_000,
    names: ['k:user:1', 't:users'],
    value: { kind: 'json', text: '{"name":"Ada"}' },
    expiresAt: 1_700_000_060_000,
    staleUntil: 1_700_000_070_000,
    errorUntil: 1_700_000_080_000,
    ...changes,
  }
}
