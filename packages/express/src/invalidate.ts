// What a handler says to the cache of its app: purge, and tag.

import { addTags, appCacheOf, attachCacheTo, type Cache, type InvalidateRequest, invalidateIn } from '@larder/core/door'
import type { Application, Request } from 'express'
import { rootApp } from './exchange.ts'

/** The cache of the app that serves this request: the attached one, or the memory cache that it makes when first asked. */
export function cacheOf(req: Request): Cache {
  return appCacheOf(rootApp(req))
}

/** Make `cache` the one that `responseCache()`, `cacheHealth()` and `invalidate()` use in this app when they are given none. */
export function attachCache(app: Application, cache: Cache): void {
  attachCacheTo(app, cache)
}

/**
 * Invalidate in the cache of the app that serves this request. Resolves when it is acknowledged: whoever asks after that gets
 * nothing older. With `responseCache({ cache })` call that cache's own methods instead.
 */
export function invalidate(req: Request, what: InvalidateRequest): Promise<void> {
  return invalidateIn(cacheOf(req), what)
}

/** Tag the response that is being made, beside the route's own `tags`. */
export function tag(req: Request, ...tags: readonly string[]): void {
  addTags(req, tags)
}
