// @larder/express — The public names, one by one.

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
export { cacheHealth } from './cache-health.ts'
export { createSecureServer, createServer } from './create-server.ts'
export { attachCache, cacheOf, invalidate, tag } from './invalidate.ts'
export { type ExpressResponseCache, type ExpressResponseCacheOptions, responseCache } from './response-cache.ts'
export { traceErrors, tracing } from './tracing.ts'
