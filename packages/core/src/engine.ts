// What the data cache and the response cache share: one tier, one ledger, one single-flight, one set of metrics and events.

import { performance } from 'node:perf_hooks'
import { type CacheEvent, faultCode, type Measures, publishEvent } from './events.ts'
import { createFarTier, type FarOptions, type FarTier } from './far/tier.ts'
import { type Flags, functionFlags, type Mode, staticFlags } from './flags.ts'
import { createHttpDate } from './http/date.ts'
import { createLedger } from './invalidation/ledger.ts'
import { createLocalLog } from './invalidation/local-log.ts'
import type { Invalidation, InvalidationLog, Ledger, LogRecord, Position, Stamped } from './invalidation/log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { createResponseState, type ResponseState } from './response-state.ts'
import { createMemoryStore } from './store/memory.ts'
import type { NearStore } from './store/store.ts'

/** Anything that the memory tier holds. */
export type Entry = object

/** Where a cache keeps its engine, for the response cache. */
export const engineOf: unique symbol = Symbol('larder.engine')

export interface Engine {
  /** The name of the cache, as its events carry it. */
  readonly name: string
  readonly near: NearStore<Entry>
  /** The tier that processes share, where there is one. */
  readonly far: FarTier | undefined
  readonly log: InvalidationLog
  readonly ledger: Ledger
  readonly flags: Flags
  readonly metrics: Metrics
  /** How long anything is served without a confirmation from a shared log, in milliseconds. */
  readonly coherenceBoundMs: number
  /** What responses under way share. */
  readonly responses: ResponseState
  /** Milliseconds since the epoch by a clock that never jumps. */
  readonly now: () => number
  /** The time of day as `Date` has it (RFC 9110 §5.6.7): one text for all responses of a second. */
  readonly httpDate: () => string
  /** Nothing is stored any more. */
  readonly closed: boolean
  /** Take the stamp for a fill that begins now. */
  stamp(names: readonly string[], subject: string): Stamped
  /** A number greater than all before, taken when a fill or a write begins: what began earlier never replaces what began later. */
  begin(): number
  /** Say how long something that is stored may live, in milliseconds, so that the ledger keeps its records as long. */
  noteLifetime(lifetimeMs: number): void
  /** Append an invalidation to the log. Rejects when the log does. */
  invalidate(invalidation: Invalidation): Promise<Position>
  /** Be told of every record of the log, after the ledger has it, until the engine closes. */
  follow(told: (record: LogRecord) => void): void
  /** Publish an event; builds it only when somebody listens. */
  emit(event: () => CacheEvent): void
  /** Drop everything and let go of the log, which is closed only when the engine made it. */
  close(): Promise<void>
}

export interface EngineOptions {
  /** @default 'default' */
  readonly name?: string
  /** Most bytes in memory. @default 64 MiB */
  readonly maxBytes?: number
  /** Most bytes of one entry. @default a quarter of `maxBytes` */
  readonly maxEntryBytes?: number
  /** In milliseconds. @default 5000 */
  readonly coherenceBoundMs?: number
  /** @default memory alone */
  readonly far?: FarOptions
  /** @default the far store's, or a log for this process alone */
  readonly log?: InvalidationLog
  /** @default always 'on' */
  readonly flags?: Flags
  /** @default a monotonic clock that starts from the time of day */
  readonly now?: () => number
}

const dayMs = 86_400_000

export function createEngine(options: EngineOptions = {}): Engine {
  const { name = 'default', coherenceBoundMs = 5000, flags } = options
  const log = options.log ?? options.far?.store.openLog?.() ?? createLocalLog()
  const { timeOrigin } = performance
  const now = options.now ?? (() => timeOrigin + performance.now())
  let longestLifetimeMs = dayMs
  let begun = 0
  let closed = false

  const near = createMemoryStore<Entry>({
    ...(options.maxBytes !== undefined && { maxBytes: options.maxBytes }),
    ...(options.maxEntryBytes !== undefined && { maxEntryBytes: options.maxEntryBytes }),
    onEvict(_entry, bytes) {
      metrics.count('evictions')
      publishEvent(() => ({ type: 'eviction', cache: name, bytes }))
    },
  })
  const metrics = createMetrics(near)
  const ledger = createLedger({
    log,
    now,
    retentionMs: () => longestLifetimeMs,
    coherenceBoundMs,
  })

  async function invalidate(invalidation: Invalidation): Promise<Position> {
    metrics.count('invalidations')
    publishEvent(() => ({
      type: 'invalidation',
      cache: name,
      kind: invalidation.kind,
      soft: invalidation.soft,
      names: invalidation.kind === 'names' ? invalidation.names.length : 0,
    }))
    try {
      return await log.append(invalidation)
    } catch (error) {
      metrics.count('errors')
      publishEvent(() => ({ type: 'fault', cache: name, operation: 'invalidate', code: faultCode(error) }))
      throw error
    }
  }

  const far =
    options.far &&
    createFarTier(options.far, {
      name,
      now,
      log,
      metrics,
      emit: publishEvent,
      // Nobody can say any more how old a thing is that was stored under the other clock. Counted and told there.
      onClockJump: () => void invalidate({ kind: 'all', soft: false }).catch(() => undefined),
    })

  function measure(): Measures {
    const { entries, bytes } = near
    return { entries, bytes, hitRatio: metrics.hitRatio(), lagMs: Math.max(0, now() - log.confirmedAt()) }
  }
  publishEvent(() => ({ type: 'life', cache: name, phase: 'opened', measure }))

  // Nothing of it can be served again, so give its memory back.
  const followers = [
    log.subscribe(({ invalidation }) => {
      if (invalidation.kind === 'all' && !invalidation.soft) near.clear()
    }),
  ]

  return {
    name,
    near,
    far,
    log,
    ledger,
    // Whoever wrote these flags may not have kept the promise that they never throw.
    flags: flags ? functionFlags(() => flags.mode()) : staticFlags('on'),
    metrics,
    coherenceBoundMs,
    responses: createResponseState(),
    now,
    httpDate: createHttpDate(Date.now),
    get closed() {
      return closed
    },
    stamp: (names, subject) => ({
      epoch: log.epoch,
      position: log.position(),
      filledAt: now(),
      names,
      subject,
      checkedAt: -1,
      checkedVerdict: 'valid',
    }),
    begin: () => ++begun,
    noteLifetime(lifetimeMs) {
      if (lifetimeMs > longestLifetimeMs) longestLifetimeMs = lifetimeMs
    },
    invalidate,
    follow: told => void followers.push(log.subscribe(told)),
    emit: publishEvent,
    async close() {
      if (closed) return
      closed = true
      far?.close()
      publishEvent(() => ({ type: 'life', cache: name, phase: 'closed', measure }))
      ledger.close()
      for (const unfollow of followers) unfollow()
      near.clear()
      if (options.log === undefined) await log.close()
    },
  }
}

/** What may be done now. A cache that is closed hears of no invalidation any more, so it answers and keeps nothing. */
export function modeOf(engine: Engine): Mode {
  return engine.closed ? 'bypass' : engine.flags.mode()
}
