// RFC 9111 §4.3.4 — Freshening a stored response: the handler says that it still holds.

import type { Exchange } from './exchange.ts'
import { formatHttpDate } from './http/date.ts'
import { fieldLines, fieldValue, type HeaderList } from './http/headers.ts'
import type { Stamped } from './invalidation/log.ts'
import { makeStored, timingOf } from './keep.ts'
import { tagName } from './names.ts'
import { readTerms } from './policy/terms.ts'
import type { PolicyOptions, ResponseFacts } from './policy/types.ts'
import { freshen, validates } from './policy/validation.ts'
import type { StoredResponse } from './stored-response.ts'
import { groupNames } from './tagging.ts'

export interface Freshening {
  readonly stale: StoredResponse
  /** What the 304 said. */
  readonly update: HeaderList
  /** What outer layers said of caching beside it. */
  readonly standing: HeaderList
  readonly policy: PolicyOptions
  /** Taken before the handler ran. */
  readonly stamp: Stamped
  readonly begun: number
  /** Knows the tags that the handler gave in this run. */
  readonly exchange: Pick<Exchange, 'tags' | 'request'>
  readonly now: number
}

export interface Freshened {
  /** False: the 304 speaks of another response than the stored one, which is as it was and not to be kept. */
  readonly holds: boolean
  readonly stored: StoredResponse
  /** As the handler would have said it with a body, for the rules of storing. */
  readonly response: ResponseFacts
  /** What the 304 said to its client alone. */
  readonly own: HeaderList
}

export function freshenStored(freshening: Freshening): Freshened {
  const { stale, update, standing, policy, stamp, begun, exchange, now } = freshening
  const { preset } = policy
  // By the RFC it is stored with the rest.
  const own = preset === 'rfc9111' ? [] : fieldLines(update, 'set-cookie').flatMap(cookie => ['Set-Cookie', cookie])
  if (!validates(stale, { headers: update })) return { holds: false, stored: stale, response: stale, own }
  // Without it the old Date would go on, and a new Expires be measured against it.
  const dated = fieldValue(update, 'date') === undefined ? [...update, 'Date', formatHttpDate(Date.now())] : update
  const response = { status: stale.status, headers: freshen(stale.headers, dated, preset) }
  const stored = makeStored({
    ...stale,
    ...response,
    terms: readTerms({ ...response, headers: [...response.headers, ...standing] }, policy, Date.now()),
    timing: timingOf({ status: 304, headers: dated }, policy, stamp, now),
    begun,
    stamp,
    // An early 304 may come before the handler has named all its tags again, so the old ones stay.
    names: [...new Set([...stale.names, ...groupNames(exchange.request, dated), ...exchange.tags.map(tagName)])],
  })
  return { holds: true, stored, response: { ...response, headers: [...response.headers, ...standing, ...own] }, own }
}
