// RFC 9110 §12.5.3 — Accept-Encoding: which content codings a client takes, and how gladly.

import { skipEmptyMembers, skipSpace, skipToken } from './characters.ts'

/** A coding that nobody forbade and nobody asked for: the last choice. */
const UNLISTED_IDENTITY = 0.001

/**
 * How gladly the client takes a coding, 0 to 1; 0 is a refusal. A client that sends no Accept-Encoding could by the RFC be sent
 * anything, but such clients cannot decode, so it gets `identity` alone. A weight that is no weight is a refusal.
 */
export function acceptsCoding(acceptEncoding: string | undefined, coding: string): number {
  return weights(acceptEncoding, [coding])[0]!
}

/** The coding that the client takes most gladly, among equals the first; `undefined` when it takes none of them. */
export function preferredCoding(acceptEncoding: string | undefined, available: readonly string[]): string | undefined {
  let best: string | undefined
  let bestWeight = 0
  weights(acceptEncoding, available).forEach((weight, index) => {
    if (weight > bestWeight) {
      best = available[index]
      bestWeight = weight
    }
  })
  return best
}

function weights(acceptEncoding: string | undefined, codings: readonly string[]): number[] {
  const names = codings.map(canonical)
  if (acceptEncoding === undefined) return names.map(name => (name === 'identity' ? 1 : 0))
  const listed: (number | undefined)[] = names.map(() => undefined)
  let others: number | undefined
  // Nobody weighs this many codings; who pretends to is not worth the reading.
  const field = acceptEncoding.length > LONGEST_FIELD ? '' : acceptEncoding
  eachMember(field, (name, weight) => {
    if (name === '*') others = Math.min(others ?? 1, weight)
    for (let index = 0; index < names.length; index++) {
      if (names[index] === name) listed[index] = Math.min(listed[index] ?? 1, weight)
    }
  })
  return names.map((name, index) => listed[index] ?? others ?? (name === 'identity' ? UNLISTED_IDENTITY : 0))
}

function canonical(coding: string): string {
  const name = coding.toLowerCase()
  if (name === 'x-gzip') return 'gzip'
  return name === 'x-compress' ? 'compress' : name
}

const LONGEST_FIELD = 4096
const LONGEST_CODING = 32
const SEMICOLON = 0x3b

/** Every coding with its weight. A member that does not follow the grammar counts as a refusal of what it names. */
function eachMember(value: string, visit: (name: string, weight: number) => void): void {
  let at = skipEmptyMembers(value, 0)
  while (at < value.length) {
    let end = value.indexOf(',', at)
    if (end < 0) end = value.length
    const nameEnd = skipToken(value, at)
    if (nameEnd > at && nameEnd - at <= LONGEST_CODING) {
      visit(canonical(value.slice(at, nameEnd)), weight(value, skipSpace(value, nameEnd), end))
    }
    at = skipEmptyMembers(value, end)
  }
}

/** `;q=0.5`, with white space around the semicolon; nothing at all is 1. */
function weight(value: string, from: number, to: number): number {
  if (from >= to) return 1
  if (value.charCodeAt(from) !== SEMICOLON || to - from > LONGEST_CODING) return 0
  const match = /^[ \t]*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)[ \t]*$/i.exec(value.slice(from + 1, to))
  return match ? Number(match[1]) : 0
}
