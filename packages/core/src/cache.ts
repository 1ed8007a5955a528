// The data cache, and the handle that responses share: createCache().

import { performance } from 'node:perf_hooks'
import { type CacheOptions, readCacheOptions } from './cache-options.ts'
import { type Life, readLife, readSoft, type SetOptions } from './data-options.ts'
import { createDataStore } from './data-store.ts'
import { describeValue } from './describe-value.ts'
import type { Duration } from './duration.ts'
import { createEngine, type Engine, engineOf } from './engine.ts'
import { LarderError, LarderTypeError } from './errors.ts'
import type { DataEvent } from './events.ts'
import { createGetOrSet, type Obtained } from './get-or-set.ts'
import type { CacheMetrics, Counter, Operation } from './metrics.ts'
import { checkKey, checkTags, keyName, tagName } from './names.ts'
import { checkPattern } from './pattern.ts'
import { decodeValue, type Encoded, encodeValue } from './values.ts'

export type { CacheOptions } from './cache-options.ts'
export type { SetOptions } from './data-options.ts'

/** One of many values to set. */
export interface SetEntry extends SetOptions {
  readonly key: string
  readonly value: unknown
}

export interface InvalidateOptions {
  /** Make stale instead of removing: `getOrSet` and the response cache answer with it while it is refreshed. @default false */
  readonly soft?: boolean
}

/**
 * A cache in memory. Keys and tags are strings of 1 to 1024 bytes. Values are what JSON keeps, or bytes; nobody shares an object
 * with the cache. Every method rejects with LARDER_CLOSED after `close`, and with the code of the argument that cannot be.
 */
export interface Cache {
  /** The engine, for the response cache. */
  readonly [engineOf]: Engine
  /** The value, or `undefined` when there is none, or it has expired, or was invalidated, softly too. */
  get<T = unknown>(key: string): Promise<T | undefined>
  /** Keep a value for `ttl` (a number is seconds). In the modes 'bypass' and 'read-only' only what was there goes. */
  set(key: string, value: unknown, options?: Duration | SetOptions): Promise<void>
  /** Remove a value. A fill that is under way does not bring it back. */
  delete(key: string): Promise<void>
  /** The values of many keys, in their order. */
  mget<T = unknown>(keys: readonly string[]): Promise<(T | undefined)[]>
  /** Keep many values: all of them, or none when one of them cannot be kept. */
  mset(entries: readonly SetEntry[]): Promise<void>
  /**
   * The value, or what `fill` makes, which is then kept. Whoever asks at the same time shares one run of `fill`. When it fails, all of
   * them get its error, unless `staleIfError` has a value for them; nothing is kept. `undefined` is handed on and not kept.
   */
  getOrSet<T>(key: string, fill: () => T | Promise<T>, options?: Duration | SetOptions): Promise<T>
  /** Everything with any of these tags, data and responses. Resolves when the log has acknowledged it. */
  invalidateTags(tags: readonly string[], options?: InvalidateOptions): Promise<void>
  /** Everything whose key or target matches a Redis glob. Put values into it with glob`user:${id}:*`. */
  invalidatePattern(pattern: string, options?: InvalidateOptions): Promise<void>
  /** Everything. */
  clear(options?: InvalidateOptions): Promise<void>
  /** Counters, sizes and response times since the cache was made. */
  getMetrics(): CacheMetrics
  /** Of all look-ups, the share that was answered from the cache; 0 when there were none. */
  getHitRatio(): number
  /** Drop everything. What was handed in, as a log, stays open. */
  close(): Promise<void>
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function createCache(options: CacheOptions = {}): Cache {
  const { defaultTtlMs, waitMs, fillMs, ...engineOptions } = readCacheOptions(options)
  const engine = createEngine(engineOptions)
  const { metrics, flags } = engine
  const store = createDataStore(engine, engineOptions.coherenceBoundMs)
  const obtain = createGetOrSet(engine, store, { waitMs, fillMs })

  function checkOpen(): void {
    if (engine.closed) throw new LarderError('LARDER_CLOSED')
  }

  function done(operation: Operation, outcome: DataEvent['outcome'], startedAt: number): void {
    const durationMs = metrics.time(operation, startedAt)
    engine.emit(() => ({ type: 'data', cache: engine.name, operation, outcome, durationMs }))
  }

  function read(key: string): Read {
    const mode = flags.mode()
    const found = mode === 'bypass' ? undefined : store.find(key)
    const fit = found !== undefined && (found.state === 'fresh' || mode === 'stale-only')
    const outcome = mode === 'bypass' ? 'bypass' : !fit ? 'miss' : found.state === 'fresh' ? 'hit' : 'stale'
    metrics.count(counterOf[outcome])
    return { value: fit ? found.value : undefined, outcome }
  }

  function write(key: string, value: Encoded, life: Life): boolean {
    const kept = store.write(key, value, life)
    if (kept) metrics.count('sets')
    return kept
  }

  const cache: Omit<Cache, typeof engineOf> = {
    async get<T>(key: string) {
      checkOpen()
      checkKey(key)
      const startedAt = performance.now()
      if (store.isFarDue(key)) await store.lookFar(key)
      const { value, outcome } = read(key)
      done('get', outcome, startedAt)
      return value && (decodeValue(value) as T)
    },

    async set(key, value, options) {
      checkOpen()
      checkKey(key)
      const startedAt = performance.now()
      const life = readLife('cache.set()', options, defaultTtlMs)
      const kept = write(key, encodeValue(value), life)
      await store.share(key)
      done('set', kept ? 'set' : 'refused', startedAt)
    },

    async delete(key) {
      checkOpen()
      checkKey(key)
      const startedAt = performance.now()
      store.delete(key)
      metrics.count('deletes')
      await engine.invalidate({ kind: 'names', names: [keyName(key)], soft: false })
      store.removeFar(key)
      done('delete', 'deleted', startedAt)
    },

    async mget<T>(keys: readonly string[]) {
      checkOpen()
      checkList('keys', keys)
      keys.forEach(checkKey)
      const startedAt = performance.now()
      const due = keys.filter(store.isFarDue)
      for (let i = 0; i < due.length; i += AT_ONCE) await Promise.all(due.slice(i, i + AT_ONCE).map(store.lookFar))
      const found = keys.map(read)
      done('mget', worst.find(outcome => found.some(one => one.outcome === outcome)) ?? 'hit', startedAt)
      return found.map(({ value }) => value && (decodeValue(value) as T))
    },

    async mset(entries) {
      checkOpen()
      checkList('entries', entries)
      const startedAt = performance.now()
      // All are checked before the first is written.
      const writes = entries.map(entry => readEntry(entry, defaultTtlMs))
      const kept = writes.map(({ key, value, life }) => write(key, value, life))
      for (let i = 0; i < writes.length; i += AT_ONCE) {
        await Promise.all(writes.slice(i, i + AT_ONCE).map(({ key }) => store.share(key)))
      }
      done('mset', kept.includes(false) ? 'refused' : 'set', startedAt)
    },

    async getOrSet<T>(key: string, fill: () => T | Promise<T>, options?: Duration | SetOptions): Promise<T> {
      checkOpen()
      checkKey(key)
      if (typeof fill !== 'function')
        throw new LarderTypeError('LARDER_INVALID_OPTION', `fill: ${describeValue(fill)} given, expected a function`)
      const life = readLife('cache.getOrSet()', options, defaultTtlMs)
      const startedAt = performance.now()
      if (flags.mode() === 'bypass') {
        metrics.count('bypasses')
        const value = await fill()
        done('getOrSet', 'bypass', startedAt)
        return value
      }
      let outcome: Obtained['outcome'] = 'miss'
      try {
        const obtained = await obtain(key, fill, life)
        outcome = obtained.outcome
        return (obtained.value && decodeValue(obtained.value)) as T
      } finally {
        metrics.count(counterOf[outcome])
        done('getOrSet', outcome, startedAt)
      }
    },

    async invalidateTags(tags, options) {
      checkTags(tags)
      const soft = readSoft('cache.invalidateTags()', options)
      checkOpen()
      if (tags.length > 0) await engine.invalidate({ kind: 'names', names: [...new Set(tags)].map(tagName), soft })
    },

    async invalidatePattern(pattern, options) {
      checkPattern(pattern)
      const soft = readSoft('cache.invalidatePattern()', options)
      checkOpen()
      await engine.invalidate({ kind: 'pattern', pattern, soft })
    },

    async clear(options) {
      const soft = readSoft('cache.clear()', options)
      checkOpen()
      await engine.invalidate({ kind: 'all', soft })
    },

    getMetrics: metrics.snapshot,
    getHitRatio: metrics.hitRatio,
    close: engine.close,
  }
  return Object.defineProperty(cache, engineOf, { value: engine }) as Cache
}

/** Keys of one operation that are on their way to the far tier at the same time. */
const AT_ONCE = 64

interface Read {
  readonly value: Encoded | undefined
  readonly outcome: Obtained['outcome'] | 'bypass'
}

const counterOf: Readonly<Record<Read['outcome'], Counter>> = {
  hit: 'hits',
  stale: 'staleHits',
  miss: 'misses',
  bypass: 'bypasses',
}

// What many look-ups together came to.
const worst = ['bypass', 'miss', 'stale', 'hit'] as const

function readEntry(entry: SetEntry, defaultTtlMs: number) {
  if (typeof entry !== 'object' || entry === null)
    throw new LarderTypeError(
      'LARDER_INVALID_OPTION',
      `cache.mset(): ${describeValue(entry)} given, expected { key, value }`,
    )
  const { key, value, ...options } = entry
  checkKey(key)
  return { key, value: encodeValue(value), life: readLife('cache.mset()', options, defaultTtlMs) }
}

function checkList(name: string, list: unknown): void {
  if (!Array.isArray(list))
    throw new LarderTypeError('LARDER_INVALID_OPTION', `${name}: ${describeValue(list)} given, expected an array`)
}
