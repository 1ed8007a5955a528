// RFC 9875 — Cache groups: responses of one origin that a change makes untrue together.

import { parseList } from 'structured-headers'
import { fieldValue, type HeaderList } from '../http/headers.ts'
import { mayInvalidate } from './invalidating.ts'

/** §2.1 asks for 32 groups of 32 characters; what goes beyond these is not heard. */
const MOST_GROUPS = 64
const LONGEST_GROUP = 128
/** A longer field is not read. */
const LONGEST = 16_384

/** §2: the groups that a response is in. */
export function cacheGroups(headers: HeaderList): readonly string[] {
  return stringsOf(fieldValue(headers, 'cache-groups'))
}

/** §3: the groups that a response to an unsafe request makes untrue. */
export function invalidatedGroups(method: string, status: number, headers: HeaderList): readonly string[] {
  return mayInvalidate(method, status) ? stringsOf(fieldValue(headers, 'cache-group-invalidation')) : none
}

const none: readonly string[] = []

/** A structured field: a List of Strings, parameters apart. Anything else spoils the whole field. */
function stringsOf(value: string | undefined): readonly string[] {
  if (value === undefined || value.length > LONGEST) return none
  const members = listOf(value)
  if (members === undefined || !members.every(([member]) => typeof member === 'string')) return none
  const groups = members.map(([member]) => member as string).filter(group => group.length <= LONGEST_GROUP)
  return [...new Set(groups)].slice(0, MOST_GROUPS)
}

function listOf(value: string): ReturnType<typeof parseList> | undefined {
  try {
    return parseList(value)
  } catch {
    return undefined
  }
}
