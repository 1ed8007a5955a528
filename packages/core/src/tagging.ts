// Which tags a response carries: the route's, and those that its handler gave it.

import type { CacheRequest } from './exchange.ts'
import type { HeaderList } from './http/headers.ts'
import { originName } from './key.ts'
import { groupName, tagName } from './names.ts'
import { cacheGroups } from './policy/groups.ts'
import type { RouteSettings } from './response-options.ts'

/** Most tags of one response, and most bytes of one of them. */
const MAX_TAGS = 64
const MAX_TAG_BYTES = 128

/** The route's tags. `undefined`: its function threw. A promise never goes unhandled, whatever becomes of the response. */
export function routeTags<Subject>(
  tags: RouteSettings<Subject>['tags'],
  subject: Subject,
): readonly string[] | Promise<readonly string[]> | undefined {
  if (typeof tags !== 'function') return tags ?? none
  try {
    const given = tags(subject)
    if (typeof (given as { then?: unknown } | null | undefined)?.then !== 'function') return given
    // Any thenable, and another realm's promise, becomes one of ours.
    const promise = Promise.resolve(given)
    promise.catch(() => undefined)
    return promise
  } catch {
    return undefined
  }
}

const none: readonly string[] = []

export function areTags(tags: unknown): tags is readonly string[] {
  return (
    Array.isArray(tags) &&
    tags.length <= MAX_TAGS &&
    tags.every(tag => typeof tag === 'string' && tag !== '' && Buffer.byteLength(tag) <= MAX_TAG_BYTES)
  )
}

/** The tags among the names of a stored response. */
export function tagsIn(names: readonly string[]): string[] {
  const prefix = tagName('')
  return names.filter(name => name.startsWith(prefix)).map(name => name.slice(prefix.length))
}

/** The names of the cache groups that a response says it is in (RFC 9875). */
export function groupNames(request: CacheRequest, headers: HeaderList): string[] {
  const groups = cacheGroups(headers)
  return groups.length === 0 ? [] : groups.map(group => groupName(originName(request), group))
}
