// The cache of an application: made when first asked for, kept on the application itself.

import { type Cache, createCache } from '../cache.ts'

const appCache = Symbol.for('larder.app-cache')

interface Holder {
  [appCache]?: Cache
}

/** The application's cache; a memory cache with default options when none was attached. */
export function appCacheOf(app: object): Cache {
  const holder = app as Holder
  holder[appCache] ??= createCache()
  return holder[appCache]
}

/** Give the application the cache that `responseCache()`, `cacheHealth()` and `invalidate()` use when they are given none. */
export function attachCacheTo(app: object, cache: Cache): void {
  ;(app as Holder)[appCache] = cache
}
