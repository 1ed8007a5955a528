// Options of createCache(), checked once and in milliseconds.

import { type Duration, durationMs } from './duration.ts'
import type { EngineOptions } from './engine.ts'
import type { Flags } from './flags.ts'
import type { InvalidationLog } from './invalidation/log.ts'
import { checkOptions, hasMethods, isDuration, isFunction, isInteger, isString } from './options.ts'

export interface CacheOptions {
  /** What its events and spans call it. @default 'default' */
  readonly name?: string
  /** Most bytes to hold in memory; the least recently used entries go first. @default 64 MiB */
  readonly maxBytes?: number
  /** Most bytes of one entry; a larger one is not kept. @default a quarter of `maxBytes` */
  readonly maxEntryBytes?: number
  /** How long a value without a `ttl` of its own is fresh. @default '1h' */
  readonly defaultTtl?: Duration
  /**
   * How long anything is served after its fill without a confirmation from a shared log. Of no effect on a log in memory.
   *
   * @default '5s'
   */
  readonly coherenceBound?: Duration
  /** How long `getOrSet` waits for a fill that another call started before one of those who wait runs its own. @default '2s' */
  readonly waitTimeout?: Duration
  /** How long a fill of `getOrSet` may take; then it fails with LARDER_FILL_TIMEOUT, and what it brings later is not kept. @default '30s' */
  readonly fillTimeout?: Duration
  /** Where invalidations are written. It stays open when the cache closes. @default a log for this process alone */
  readonly log?: InvalidationLog
  /** The switch that turns the cache off while it runs. @default always 'on' */
  readonly flags?: Flags
  /** The clock: milliseconds since the epoch, never going back. For tests. @default a monotonic clock */
  readonly now?: () => number
}

const shape = {
  name: isString,
  maxBytes: isInteger(1),
  maxEntryBytes: isInteger(1),
  defaultTtl: isDuration,
  coherenceBound: isDuration,
  waitTimeout: isDuration,
  fillTimeout: isDuration,
  log: hasMethods('position', 'confirmedAt', 'append', 'subscribe', 'close'),
  flags: hasMethods('mode'),
  now: isFunction,
}

/** The same, read. */
export interface CacheSettings extends EngineOptions {
  readonly defaultTtlMs: number
  readonly waitMs: number
  readonly fillMs: number
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function readCacheOptions(options: CacheOptions): CacheSettings {
  checkOptions('createCache()', options, shape)
  const { defaultTtl = '1h', coherenceBound = '5s', waitTimeout = '2s', fillTimeout = '30s', ...engine } = options
  return {
    ...engine,
    coherenceBoundMs: durationMs(coherenceBound, 'coherenceBound'),
    defaultTtlMs: durationMs(defaultTtl, 'defaultTtl'),
    waitMs: durationMs(waitTimeout, 'waitTimeout'),
    fillMs: durationMs(fillTimeout, 'fillTimeout'),
  }
}
