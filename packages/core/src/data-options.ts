// Options of one operation on application data, checked and in milliseconds.

import { type Duration, durationMs } from './duration.ts'
import { checkTags } from './names.ts'
import { checkOptions, isBoolean, isDuration, isStringArray } from './options.ts'

/** How long a value lives, and by what it is purged. */
export interface SetOptions {
  /** How long the value is fresh. @default the cache's `defaultTtl` */
  readonly ttl?: Duration
  /** Names by which `invalidateTags` finds it. @default none */
  readonly tags?: readonly string[]
  /** How long after its freshness `getOrSet` still answers with it while it is refreshed behind. @default 0 */
  readonly staleWhileRevalidate?: Duration
  /** How long after its freshness `getOrSet` answers with it when the fill fails. @default 0 */
  readonly staleIfError?: Duration
}

/** The same, read. */
export interface Life {
  readonly ttlMs: number
  readonly staleWhileRevalidateMs: number
  readonly staleIfErrorMs: number
  readonly tags: readonly string[]
}

const shape = { ttl: isDuration, tags: isStringArray, staleWhileRevalidate: isDuration, staleIfError: isDuration }

/** @throws LARDER_INVALID_DURATION, LARDER_INVALID_OPTION, LARDER_UNKNOWN_OPTION, LARDER_INVALID_TAG */
export function readLife(where: string, given: Duration | SetOptions | undefined, defaultTtlMs: number): Life {
  if (given === undefined) return { ttlMs: defaultTtlMs, staleWhileRevalidateMs: 0, staleIfErrorMs: 0, tags: [] }
  if (typeof given === 'number' || typeof given === 'string')
    return { ttlMs: durationMs(given, `${where}: ttl`), staleWhileRevalidateMs: 0, staleIfErrorMs: 0, tags: [] }
  checkOptions(where, given, shape)
  const { ttl, tags = [], staleWhileRevalidate = 0, staleIfError = 0 } = given
  checkTags(tags)
  return {
    ttlMs: ttl === undefined ? defaultTtlMs : durationMs(ttl, 'ttl'),
    staleWhileRevalidateMs: durationMs(staleWhileRevalidate, 'staleWhileRevalidate'),
    staleIfErrorMs: durationMs(staleIfError, 'staleIfError'),
    tags: [...new Set(tags)],
  }
}

/** Whether an invalidation is soft. @default false */
export function readSoft(where: string, given: { readonly soft?: boolean } | undefined): boolean {
  if (given === undefined) return false
  checkOptions(where, given, { soft: isBoolean })
  return given.soft ?? false
}
