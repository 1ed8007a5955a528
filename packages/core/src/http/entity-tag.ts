// RFC 9110 §8.8.3 — Entity tags and their two comparisons.

import { skipEmptyMembers, skipSpace, trimSpace } from './characters.ts'

/** Whether both are strong and the same (§8.8.3.2). */
export function strongMatch(a: string, b: string): boolean {
  return a === b && isEntityTag(a) && !isWeak(a)
}

/** Whether both are the same but for their strength (§8.8.3.2). */
export function weakMatch(a: string, b: string): boolean {
  return opaque(a) === opaque(b) && isEntityTag(a) && isEntityTag(b)
}

/** Nobody holds this many versions of a page; who pretends to gets the whole. */
const LONGEST_FIELD = 8192

/**
 * Whether `If-Match` or `If-None-Match` names `tag`. `*` names any. The list is read up to the first thing that is no entity
 * tag; an unquoted tag names nothing.
 */
export function matchesList(
  fieldValue: string,
  tag: string | undefined,
  compare: (a: string, b: string) => boolean,
): boolean {
  if (fieldValue.length > LONGEST_FIELD) return false
  if (trimSpace(fieldValue) === '*') return true
  if (tag === undefined || !isEntityTag(tag)) return false
  const wanted = opaque(tag)
  let at = skipEmptyMembers(fieldValue, 0)
  while (at < fieldValue.length) {
    const end = entityTagEnd(fieldValue, at)
    if (end < 0) return false
    // Only what is the same but for its strength is worth a copy: a long list takes no time.
    const opaqueAt = end - wanted.length
    const isCandidate = (opaqueAt === at || opaqueAt === at + WEAK.length) && fieldValue.startsWith(wanted, opaqueAt)
    if (isCandidate && compare(fieldValue.slice(at, end), tag)) return true
    at = skipSpace(fieldValue, end)
    if (at < fieldValue.length && fieldValue.charCodeAt(at) !== COMMA) return false
    at = skipEmptyMembers(fieldValue, at)
  }
  return false
}

/** Whether the text is one whole entity tag, weak or strong. */
export function isEntityTag(text: string): boolean {
  return entityTagEnd(text, 0) === text.length
}

const COMMA = 0x2c
const QUOTE = 0x22
const WEAK = 'W/'

function isWeak(tag: string): boolean {
  return tag.startsWith(WEAK)
}

function opaque(tag: string): string {
  return isWeak(tag) ? tag.slice(WEAK.length) : tag
}

/** The end of the entity tag that begins at `from`, or -1. A comma may stand inside; a space or a quote may not. */
function entityTagEnd(text: string, from: number): number {
  let at = text.startsWith(WEAK, from) ? from + WEAK.length : from
  if (text.charCodeAt(at) !== QUOTE) return -1
  for (at++; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === QUOTE) return at + 1
    if (code < 0x21 || code === 0x7f) return -1
  }
  return -1
}
