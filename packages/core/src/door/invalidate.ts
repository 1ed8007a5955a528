// One call that says all that an invalidation can name, for handlers that do not hold the cache.

import type { Cache } from '../cache.ts'
import { engineOf } from '../engine.ts'
import { targetName } from '../names.ts'
import { checkOptions, isBoolean, isString, isStringArray } from '../options.ts'

/** What to invalidate. Everything that any of the members names. */
export interface InvalidateRequest {
  readonly tags?: readonly string[]
  /** A Redis glob over the targets of stored responses and the keys of application data. */
  readonly pattern?: string
  /** The raw target of stored responses, query included (`/events/42?page=2`), on any host. */
  readonly target?: string
  /** A key of application data. */
  readonly key?: string
  /**
   * Mark stale instead of removing.
   *
   * @default false
   */
  readonly soft?: boolean
}

const shape = { tags: isStringArray, pattern: isString, target: isString, key: isString, soft: isBoolean }

/** Resolves when everything is acknowledged. */
export async function invalidateIn(cache: Cache, what: InvalidateRequest): Promise<void> {
  checkOptions('invalidate', what, shape)
  const { tags, pattern, target, key, soft = false } = what
  const appends: Promise<unknown>[] = []
  if (tags !== undefined) appends.push(cache.invalidateTags(tags, { soft }))
  if (pattern !== undefined) appends.push(cache.invalidatePattern(pattern, { soft }))
  if (key !== undefined) appends.push(cache.delete(key))
  if (target !== undefined) {
    appends.push(cache[engineOf].invalidate({ kind: 'names', names: [targetName(target)], soft }))
  }
  await Promise.all(appends)
}
