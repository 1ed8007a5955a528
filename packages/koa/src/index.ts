// @larder/koa — The public names, one by one.

export {
  type Cache,
  type CacheEvent,
  type CacheMetrics,
  type CacheOptions,
  createCache,
  type Duration,
  type Flags,
  LarderError,
  type LarderErrorCode,
  onCacheEvent,
  type QueryOptions,
} from '@larder/core'
export type {
  CacheHealthOptions,
  Explanation,
  HealthSource,
  InvalidateRequest,
  TracingOptions,
} from '@larder/core/door'
export { attachCache, cacheOf } from './app-cache.ts'
export { cacheHealth } from './cache-health.ts'
export { invalidate, tag } from './invalidate.ts'
export { type KoaResponseCache, type KoaResponseCacheOptions, responseCache } from './response-cache.ts'
export { tracing } from './tracing.ts'
