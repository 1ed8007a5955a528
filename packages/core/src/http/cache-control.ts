// RFC 9111 §5.2 — Cache-Control, read the stricter way wherever it can be read in two.

import { skipEmptyMembers, skipSpace, skipToken } from './characters.ts'
import { MAX_SECONDS, parseDeltaSeconds } from './delta-seconds.ts'

/** The directives of one message. Durations are in seconds. */
export interface CacheControl {
  /** Also true when the field is malformed. */
  readonly noStore: boolean
  /** Also for the qualified form, `no-cache="field"`. */
  readonly noCache: boolean
  /** Also for the qualified form, `private="field"`. */
  readonly private: boolean
  readonly public: boolean
  readonly mustRevalidate: boolean
  readonly proxyRevalidate: boolean
  readonly mustUnderstand: boolean
  readonly immutable: boolean
  readonly noTransform: boolean
  readonly onlyIfCached: boolean
  readonly maxAge?: number
  readonly sMaxage?: number
  readonly staleWhileRevalidate?: number
  readonly staleIfError?: number
  readonly minFresh?: number
  /** `Infinity` when it stands without a number. */
  readonly maxStale?: number
  /** The field does not follow the grammar. What comes after the fault was not read. */
  readonly malformed: boolean
}

/** A set of directives that is still being put together. */
export type Directives = { -readonly [Name in keyof CacheControl]: CacheControl[Name] }

/** Nobody has this much to say; what is longer is not read, and counts as malformed. */
const LONGEST_FIELD = 8192

const SHORTEST_NAME = 'public'.length
const LONGEST_NAME = 'stale-while-revalidate'.length

/** The directives of a field value. An unknown directive is passed over; a fault in the grammar means `no-store`. */
export function parseCacheControl(value: string | undefined): CacheControl {
  if (value === undefined) return NONE
  const found = noDirectives()
  if (value.length > LONGEST_FIELD) return fault(found)
  let at = skipEmptyMembers(value, 0)
  while (at < value.length) {
    const nameEnd = skipToken(value, at)
    const argumentEnd = value.charCodeAt(nameEnd) === EQUALS ? skipArgument(value, nameEnd + 1) : nameEnd
    const end = skipSpace(value, argumentEnd)
    if (nameEnd === at || argumentEnd < 0 || (end < value.length && value.charCodeAt(end) !== COMMA)) {
      return fault(found)
    }
    const nameLength = nameEnd - at
    if (nameLength >= SHORTEST_NAME && nameLength <= LONGEST_NAME) {
      const argument = argumentEnd > nameEnd ? unquoted(value, nameEnd + 1, argumentEnd) : undefined
      addDirective(found, value.slice(at, nameEnd).toLowerCase(), argument)
    }
    at = skipEmptyMembers(value, end)
  }
  return found
}

/** Nothing said. */
export function noDirectives(): Directives {
  return {
    noStore: false,
    noCache: false,
    private: false,
    public: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    immutable: false,
    noTransform: false,
    onlyIfCached: false,
    malformed: false,
  }
}

/**
 * Add one directive, its name in lower case. Of repeated ones the stricter counts; a lifetime without a valid number is over.
 * What grants a freedom and takes no argument is not granted when it has one.
 */
export function addDirective(to: Directives, name: string, argument: string | undefined): void {
  switch (name) {
    case 'no-store':
      to.noStore = true
      break
    case 'no-cache':
      to.noCache = true
      break
    case 'private':
      to.private = true
      break
    case 'public':
      if (argument === undefined) to.public = true
      break
    case 'must-revalidate':
      to.mustRevalidate = true
      break
    case 'proxy-revalidate':
      to.proxyRevalidate = true
      break
    case 'must-understand':
      if (argument === undefined) to.mustUnderstand = true
      break
    case 'immutable':
      if (argument === undefined) to.immutable = true
      break
    case 'no-transform':
      to.noTransform = true
      break
    case 'only-if-cached':
      to.onlyIfCached = true
      break
    case 'max-age':
      to.maxAge = shorter(to.maxAge, argument)
      break
    case 's-maxage':
      to.sMaxage = shorter(to.sMaxage, argument)
      break
    case 'stale-while-revalidate':
      to.staleWhileRevalidate = shorter(to.staleWhileRevalidate, argument)
      break
    case 'stale-if-error':
      to.staleIfError = shorter(to.staleIfError, argument)
      break
    case 'min-fresh':
      to.minFresh = Math.max(to.minFresh ?? 0, parseDeltaSeconds(argument ?? '') ?? MAX_SECONDS)
      break
    case 'max-stale':
      to.maxStale = argument === undefined ? (to.maxStale ?? Infinity) : shorter(to.maxStale, argument)
      break
  }
}

const NONE: CacheControl = Object.freeze(noDirectives())

const COMMA = 0x2c
const EQUALS = 0x3d
const QUOTE = 0x22
const BACKSLASH = 0x5c

function fault(found: Directives): CacheControl {
  found.malformed = true
  found.noStore = true
  return found
}

function shorter(known: number | undefined, argument: string | undefined): number {
  return Math.min(known ?? MAX_SECONDS, parseDeltaSeconds(argument ?? '') ?? 0)
}

/** The end of a token or quoted string, or -1 when a quoted string does not close or holds what none may hold. */
function skipArgument(text: string, from: number): number {
  if (text.charCodeAt(from) !== QUOTE) return skipToken(text, from)
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return -1
    // The character behind a backslash stands for itself; the loop passes over it unless it too is forbidden.
    if (code === BACKSLASH && text.charCodeAt(at + 1) >= 0x20) at++
  }
  return -1
}

function unquoted(text: string, from: number, to: number): string {
  return text.charCodeAt(from) === QUOTE ? text.slice(from + 1, to - 1) : text.slice(from, to)
}
