// RFC 9111 §4.2.3 — Age.

import { trimSpace } from '../http/characters.ts'
import { parseHttpDate } from '../http/date.ts'
import { parseDeltaSeconds } from '../http/delta-seconds.ts'
import { fieldValue } from '../http/headers.ts'
import type { ResponseFacts, Timing } from './types.ts'

/**
 * `corrected_initial_age`. `requestedAtMs` and `respondedAtMs` come from the cache's own clock, which need not tell the time of
 * day; `wallNowMs` does, since `Date` is compared with it.
 */
export function initialAge(
  response: ResponseFacts,
  requestedAtMs: number,
  respondedAtMs: number,
  wallNowMs: number,
): number {
  const date = parseHttpDate(fieldValue(response.headers, 'date') ?? '', wallNowMs)
  // Date has no fractions, so what is less than a second away is now.
  const apparentAge = date === undefined ? 0 : Math.max(0, Math.floor((wallNowMs - date) / 1000) * 1000)
  const responseDelay = Math.max(0, respondedAtMs - requestedAtMs)
  return Math.max(apparentAge, ageValue(response) + responseDelay)
}

/** `current_age` in milliseconds, never negative. */
export function currentAge(timing: Timing, nowMs: number): number {
  return Math.max(0, timing.initialAgeMs) + Math.max(0, nowMs - timing.respondedAt)
}

/** `age_value`: the first member counts, and one that is no number is ignored (§5.1). */
function ageValue(response: ResponseFacts): number {
  const value = fieldValue(response.headers, 'age')
  if (value === undefined) return 0
  const comma = value.indexOf(',')
  const first = trimSpace(comma < 0 ? value : value.slice(0, comma))
  return (parseDeltaSeconds(first) ?? 0) * 1000
}
