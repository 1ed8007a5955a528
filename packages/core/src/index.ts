// @larder/core — The public names, one by one.

export {
  type Cache,
  type CacheOptions,
  createCache,
  type InvalidateOptions,
  type SetEntry,
  type SetOptions,
} from './cache.ts'
export { analyticsCookies } from './credentials.ts'
export type { Duration } from './duration.ts'
export { errorCodes, LarderError, type LarderErrorCode, LarderTypeError } from './errors.ts'
export { type CacheEvent, eventChannel, onCacheEvent } from './events.ts'
export { environmentFlags } from './flags/environment.ts'
export { type FileFlagsOptions, fileFlags } from './flags/file.ts'
export { type OpenFeatureClient, type OpenFeatureFlagsOptions, openFeatureFlags } from './flags/open-feature.ts'
export type { WatchedFlags, WatchOptions } from './flags/watched.ts'
export { type Flags, functionFlags, type Mode, staticFlags } from './flags.ts'
export type { Invalidation, InvalidationLog, LogRecord, Position } from './invalidation/log.ts'
export type { CacheMetrics } from './metrics.ts'
export { escapeGlob, glob } from './pattern.ts'
export type { BypassReason, RefusalReason, StaleReason, TimeoutReason, UnfilledReason } from './reasons.ts'
export type { QueryOptions, ResponseCacheOptions } from './response-options.ts'
export type {
  Claim,
  ClaimOutcome,
  FarFound,
  FarListener,
  FarStore,
  FarWrite,
  FarWritten,
  Outdated,
  ReleaseOutcome,
  TimedClaim,
} from './store/far.ts'
