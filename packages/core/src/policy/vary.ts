// RFC 9111 §4.1 — Vary: which request fields chose a response, and what each request says in them.

import { isTokenChar, trimSpace } from '../http/characters.ts'
import { fieldValue, type HeaderList, type RequestHeaders, requestField } from '../http/headers.ts'
import { normalisedPreference } from './preference.ts'
import type { ResponseFacts } from './types.ts'

/** A response that names more fields than this, or says it at greater length, varies too much to be kept. */
const MOST_NAMES = 64

const LONGEST_FIELD = 4096

const NONE: ReadonlySet<string> = new Set()

const NO_NAMES: readonly string[] = []

/**
 * The nominated fields, in lower case, sorted, each once; `'*'` when no other request can be known to fit, as when a member is
 * no field name. `except` names fields that the caller covers otherwise.
 */
export function varyNames(headers: HeaderList, except: ReadonlySet<string> = NONE): readonly string[] | '*' {
  const value = fieldValue(headers, 'vary')
  if (value === undefined) return NO_NAMES
  if (value.length > LONGEST_FIELD) return '*'
  const names = new Set<string>()
  for (let at = 0; at <= value.length; ) {
    const comma = value.indexOf(',', at)
    const end = comma < 0 ? value.length : comma
    const name = trimSpace(value.slice(at, end))
    if (name !== '') {
      if (name === '*' || !isFieldName(name)) return '*'
      const lower = name.toLowerCase()
      // Node loses the one field that its object for fields cannot hold.
      if (lower === '__proto__') return '*'
      if (!except.has(lower)) names.add(lower)
      if (names.size > MOST_NAMES) return '*'
    }
    at = end + 1
  }
  return [...names].sort()
}

/**
 * What a request says in the fields of a rule, as one string: two requests have the same one only when each field says the same
 * in both. Absent and empty differ. Lengths stand before values, so no value can pose as two.
 */
export function variantOf(rule: readonly string[], headers: RequestHeaders): string {
  let variant = ''
  for (const name of rule) {
    const value = requestField(headers, name)
    if (value === undefined) {
      variant += `${name}:-;`
    } else {
      const said = normalisedPreference(name, trimSpace(value))
      variant += `${name}:${said.length}:${said};`
    }
  }
  return variant
}

const ORIGIN: readonly string[] = ['origin']

/** Fields by which a response varies whether it says so or not: an answer for one origin is none for another. */
export function impliedVary(response: ResponseFacts): readonly string[] {
  const allowed = fieldValue(response.headers, 'access-control-allow-origin')
  return allowed === undefined || trimSpace(allowed) === '*' ? NO_NAMES : ORIGIN
}

/** Whether the response's own Vary covers a field; one that cannot be read covers all. `name` is in lower case. */
export function variesBy(headers: HeaderList, name: string): boolean {
  const names = varyNames(headers)
  return names === '*' || names.includes(name)
}

function isFieldName(name: string): boolean {
  for (let at = 0; at < name.length; at++) if (!isTokenChar(name.charCodeAt(at))) return false
  return true
}
