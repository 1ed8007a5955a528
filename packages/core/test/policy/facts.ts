// The words in which the tables of these tests are written.

import type { PolicyOptions, ResponseFacts } from '../../src/policy/types.ts'

export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

/** A Monday, at noon. */
export const NOON = Date.UTC(2026, 5, 1, 12)

/** The date `seconds` after noon. */
export function at(seconds: number): string {
  return new Date(NOON + seconds * SECOND).toUTCString()
}

export const byDefault: PolicyOptions = {
  preset: 'default',
  ttlMs: undefined,
  staleWhileRevalidateMs: 0,
  staleIfErrorMs: 0,
  clientDirectives: 'ignore',
}

export const byRfc: PolicyOptions = { ...byDefault, preset: 'rfc9111', clientDirectives: 'obey' }

/** A response of these lines, written as on the wire. */
export function response(lines: readonly string[], status = 200): ResponseFacts {
  const headers = lines.flatMap(line => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
  return { status, headers }
}
