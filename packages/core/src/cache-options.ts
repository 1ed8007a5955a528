// Options of createCache(), checked once and in milliseconds.

import { type Duration, durationMs, LONGEST_TIMER_MS } from './duration.ts'
import type { EngineOptions } from './engine.ts'
import { LarderTypeError } from './errors.ts'
import type { Flags } from './flags.ts'
import type { InvalidationLog } from './invalidation/log.ts'
import { checkOptions, hasMethods, isDuration, isFunction, isInteger, isString } from './options.ts'
import type { FarStore } from './store/far.ts'

export interface CacheOptions {
  /** What its events and spans call it. @default 'default' */
  readonly name?: string
  /** Most bytes to hold in memory; what is not used again goes first. @default 64 MiB */
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
  /** The tier that processes share, such as `redisStore(client)`. @default memory alone */
  readonly far?: FarStore
  /** How long a call to the far store may take; then it counts as no answer, and the request goes on without. @default '50ms' */
  readonly farDeadline?: Duration
  /** So many calls in a row without an answer, and the far store is not asked any more. @default 5 */
  readonly breakerFailures?: number
  /** How long it is not asked then, unless its connection comes back sooner. @default '60s' */
  readonly breakerReset?: Duration
  /** How often the far store is probed while all is well. @default '30s' */
  readonly healthInterval?: Duration
  /** Where invalidations are written. It stays open when the cache closes. @default the far store's, or a log for this process alone */
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
  far: hasMethods('get', 'set', 'remove', 'claim', 'release', 'time', 'listen'),
  farDeadline: isDuration,
  breakerFailures: isInteger(1),
  breakerReset: isDuration,
  healthInterval: isDuration,
  log: hasMethods('position', 'floor', 'confirmedAt', 'append', 'subscribe', 'close'),
  flags: hasMethods('mode'),
  now: isFunction,
}

/** The same, read. */
export interface CacheSettings extends EngineOptions {
  readonly coherenceBoundMs: number
  readonly defaultTtlMs: number
  readonly waitMs: number
  readonly fillMs: number
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function readCacheOptions(options: CacheOptions): CacheSettings {
  checkOptions('createCache()', options, shape)
  const { defaultTtl = '1h', coherenceBound = '5s', waitTimeout = '2s', fillTimeout = '30s', ...rest } = options
  const {
    far,
    farDeadline = '50ms',
    breakerFailures = 5,
    breakerReset = '60s',
    healthInterval = '30s',
    ...engine
  } = rest
  return {
    ...engine,
    ...(far && {
      far: {
        store: far,
        deadlineMs: positiveMs(farDeadline, 'farDeadline'),
        breakerFailures,
        breakerResetMs: positiveMs(breakerReset, 'breakerReset'),
        healthIntervalMs: positiveMs(healthInterval, 'healthInterval'),
      },
    }),
    coherenceBoundMs: durationMs(coherenceBound, 'coherenceBound'),
    defaultTtlMs: durationMs(defaultTtl, 'defaultTtl'),
    waitMs: durationMs(waitTimeout, 'waitTimeout'),
    fillMs: durationMs(fillTimeout, 'fillTimeout'),
  }
}

function positiveMs(duration: Duration, name: string): number {
  const ms = durationMs(duration, name)
  if (ms > 0) return Math.min(ms, LONGEST_TIMER_MS)
  throw new LarderTypeError('LARDER_INVALID_DURATION', `createCache(): ${name}: 0 given, expected more than nothing`)
}
