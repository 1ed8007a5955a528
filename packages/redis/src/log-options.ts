// Options of redisLog(), checked once and in milliseconds.

import { performance } from 'node:perf_hooks'
import { type Duration, LarderTypeError } from '@larder/core'
import { checkOptions, durationMs, isDuration, isFunction, isInteger, isString } from '@larder/core/door'

export interface RedisLogOptions {
  /** What the names of its stream and its channel begin with: one for each cache that shares a server. @default 'larder:' */
  readonly prefix?: string
  /** How often the log is asked whether this node has everything. @default '500ms' */
  readonly tick?: Duration
  /**
   * How long a record stays in the stream: longer than anything lives in a store that is shared. A node that was cut off for longer drops
   * all that it holds.
   *
   * @default '7d'
   */
  readonly retention?: Duration
  /** How long an append waits for its acknowledgement. @default '1s' */
  readonly deadline?: Duration
  /**
   * So many replicas have to have an invalidation as well (`WAIT`), within the deadline; otherwise it rejects as one that was not
   * acknowledged, and is sent again until they have. At 0 a failover may lose the last ones. Above, one more connection is opened.
   *
   * @default 0
   */
  readonly replicas?: number
  /**
   * So many replicas have to follow the server whose word confirms that this node has everything; otherwise it serves what it has for no longer than
   * the coherence bound. With as many as a master has, one that the others have given up confirms nothing, though it still answers. One more script a tick.
   *
   * @default 0
   */
  readonly confirmReplicas?: number
  /** The clock of the cache, when that was given one. For tests. @default the same monotonic clock that a cache has */
  readonly now?: () => number
}

export interface RedisLogSettings {
  readonly prefix: string
  readonly tickMs: number
  readonly retentionMs: number
  readonly deadlineMs: number
  readonly replicas: number
  readonly confirmReplicas: number
  readonly now: () => number
}

const shape = {
  prefix: isString,
  tick: isDuration,
  retention: isDuration,
  deadline: isDuration,
  replicas: isInteger(0, 100),
  confirmReplicas: isInteger(0, 100),
  now: isFunction,
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function readLogOptions(options: RedisLogOptions): RedisLogSettings {
  checkOptions('redisLog()', options, shape)
  const {
    prefix = 'larder:',
    tick = '500ms',
    retention = '7d',
    deadline = '1s',
    replicas = 0,
    confirmReplicas = 0,
    now,
  } = options
  // A brace would move the tag that decides on the slot.
  if (/[{}]/.test(prefix))
    throw new LarderTypeError('LARDER_INVALID_OPTION', 'redisLog(): prefix: expected a string without { and }')
  return {
    prefix,
    tickMs: within('tick', durationMs(tick, 'tick'), 10, 60_000),
    retentionMs: within('retention', durationMs(retention, 'retention'), 60_000, Number.MAX_SAFE_INTEGER),
    deadlineMs: within('deadline', durationMs(deadline, 'deadline'), 10, 60_000),
    replicas,
    confirmReplicas,
    now: now ?? (() => performance.timeOrigin + performance.now()),
  }
}

function within(name: string, ms: number, least: number, most: number): number {
  if (ms >= least && ms <= most) return ms
  const range = most === Number.MAX_SAFE_INTEGER ? `at least ${least} ms` : `from ${least} ms to ${most} ms`
  throw new LarderTypeError('LARDER_INVALID_DURATION', `redisLog(): ${name}: ${ms} ms given, expected ${range}`)
}
