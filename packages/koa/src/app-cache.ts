// The cache of an app: the one that was attached, or a memory cache that it makes when first asked.

import { appCacheOf, attachCacheTo, type Cache } from '@larder/core/door'
import type Koa from 'koa'
import type { Context } from 'koa'

/** The cache of the app that serves this request: the attached one, or the memory cache that it makes when first asked. */
export function cacheOf(ctx: Context): Cache {
  return appCacheOf(ctx.app)
}

/** Make `cache` the one that `responseCache()`, `cacheHealth()` and `invalidate()` use in this app when they are given none. */
export function attachCache(app: Koa, cache: Cache): void {
  attachCacheTo(app, cache)
}
