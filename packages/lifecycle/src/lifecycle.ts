// The life of a process: its parts start in order, and stop in reverse. Nothing of it keeps the process alive.

import { constants } from 'node:os'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Duration, timerMs } from './duration.ts'
import { LifecycleError, sentenceOf } from './errors.ts'
import { createHealth, type Health } from './health.ts'
import { isLogger, type Logger, safeLogger } from './logger.ts'
import { checkOptions, hasMethods, isAnything } from './options.ts'
import { type CheckedPart, checkParts, type Part } from './part.ts'
import { onSignals } from './signals.ts'
import { within } from './within.ts'

export interface LifecycleOptions {
  /** In the order of their start: what others need comes first, the server last. */
  readonly parts: readonly Part[]
  /** Whose readiness follows the parts, and which gets their checks. @default a health of its own, in `lifecycle.health` */
  readonly health?: Health
  /** Is told of starts, stops and metrics. @default nobody */
  readonly logger?: Logger
  /** Signals that end the process well; `[]` for none. @default ['SIGTERM', 'SIGINT'] */
  readonly signals?: readonly NodeJS.Signals[]
  /** How long the start of one part may take. @default '1m' */
  readonly startTimeout?: Duration
  /**
   * How long nothing is stopped yet though readiness says 503 already, so that load balancers send no more.
   *
   * @default 0
   */
  readonly drainDelay?: Duration
  /** How long the stop of all parts may take, `drainDelay` not counted. @default '20s' */
  readonly stopTimeout?: Duration
}

export interface Lifecycle {
  /** What `cacheHealth({ checks })` shows. */
  readonly health: Health
  /**
   * Start all parts, and listen for the signals. When one does not start, those that did are stopped in reverse.
   *
   * @throws LARDER_START_FAILED, with the part's own error as `cause`; LARDER_START_INTERRUPTED when the end was asked for meanwhile.
   */
  start(): Promise<void>
  /**
   * Stop all parts that have started, in reverse. One that fails, or takes too long, keeps no other from being stopped.
   *
   * @throws LARDER_STOP_FAILED, when any did.
   */
  stop(): Promise<void>
  /**
   * What the first signal does: `stop()`, then the process ends by itself; if something keeps it, it is ended after half a second. The exit
   * code is 0, or 1 when a part did not stop well. Never rejects.
   */
  shutdown(reason?: string): Promise<void>
}

const shape = {
  parts: isAnything,
  health: hasMethods('report', 'refresh', 'add', 'enter', 'close'),
  logger: isLogger,
  signals: (value: unknown) =>
    Array.isArray(value) && value.every(each => Object.hasOwn(constants.signals, String(each)))
      ? undefined
      : "an array of signals such as 'SIGTERM'",
  startTimeout: isAnything,
  drainDelay: isAnything,
  stopTimeout: isAnything,
}

interface Started {
  readonly checked: CheckedPart
  removeCheck: (() => void) | undefined
}

/** How long a process whose parts have all stopped may take to end by itself. */
const exitGraceMs = 500

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function createLifecycle(options: LifecycleOptions): Lifecycle {
  checkOptions('createLifecycle()', options, shape)
  const { signals = ['SIGTERM', 'SIGINT'] } = options
  const parts = checkParts(options.parts, timerMs(options.startTimeout ?? '1m', 'createLifecycle(): startTimeout'))
  const drainDelayMs = timerMs(options.drainDelay ?? 0, 'createLifecycle(): drainDelay', 0)
  const stopTimeoutMs = timerMs(options.stopTimeout ?? '20s', 'createLifecycle(): stopTimeout')
  const logger = safeLogger(options.logger)
  const health = options.health ?? createHealth(options.logger && { logger: options.logger })
  const started: Started[] = []
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  let hasStopped = false
  let endSignals: (() => void) | undefined
  let isEnding = false

  health.enter('starting')

  async function startParts(): Promise<void> {
    const startedAt = performance.now()
    for (const checked of parts) {
      if (stopping !== undefined) throw new LifecycleError('LARDER_START_INTERRUPTED')
      await startPart(checked)
    }
    if (stopping !== undefined) throw new LifecycleError('LARDER_START_INTERRUPTED')
    health.enter('running')
    logger.info({ parts: parts.map(({ part }) => part.name), durationMs: since(startedAt) }, 'everything has started')
    for (const { part } of parts) tellMetrics(part, 'metrics at start')
  }

  async function startPart(checked: CheckedPart): Promise<void> {
    const { part, startTimeoutMs } = checked
    const startedAt = performance.now()
    const run = (async () => part.start?.())()
    try {
      await within(startTimeoutMs, () => run)
    } catch (error) {
      // Should it start after all, nobody waits for it any more.
      run.then(() => part.stop?.()).catch(() => {})
      logger.error({ part: part.name, error: sentenceOf(error), durationMs: since(startedAt) }, 'a part did not start')
      const message = `${part.name} did not start: ${sentenceOf(error)}`
      throw new LifecycleError('LARDER_START_FAILED', message, { cause: error })
    }
    if (hasStopped) {
      await within(checked.stopTimeoutMs, () => part.stop?.()).catch(() => {})
      throw new LifecycleError('LARDER_START_INTERRUPTED')
    }
    const held: Started = { checked, removeCheck: undefined }
    started.push(held)
    if (part.check !== undefined) held.removeCheck = health.add(part.name, part.check)
    logger.info({ part: part.name, durationMs: since(startedAt) }, 'a part has started')
  }

  async function stopAll(): Promise<void> {
    const wasRunning = health.report().phase === 'running'
    health.enter('stopping')
    if (wasRunning && drainDelayMs > 0) await sleep(drainDelayMs)
    const endAt = performance.now() + stopTimeoutMs
    const leftMs = (): number => Math.max(endAt - performance.now(), 0)
    // The part that is starting now has to be through with it before it can be stopped.
    await within(leftMs(), () => starting?.catch(() => {})).catch(() => {})

    const failed: { readonly name: string; readonly error: unknown }[] = []
    for (let last = started.pop(); last !== undefined; last = started.pop()) {
      const { part, stopTimeoutMs } = last.checked
      last.removeCheck?.()
      tellMetrics(part, 'metrics at shutdown')
      const startedAt = performance.now()
      try {
        await within(Math.min(stopTimeoutMs, leftMs()), () => part.stop?.())
        logger.info({ part: part.name, durationMs: since(startedAt) }, 'a part has stopped')
      } catch (error) {
        failed.push({ name: part.name, error })
        logger.error({ part: part.name, error: sentenceOf(error), durationMs: since(startedAt) }, 'a part did not stop')
      }
    }
    hasStopped = true
    health.close()
    if (!isEnding) endSignals?.()
    if (failed.length === 0) return
    const message = failed.map(({ name, error }) => `${name} did not stop: ${sentenceOf(error)}`).join('; ')
    const errors = failed.map(({ error }) => error)
    throw new LifecycleError('LARDER_STOP_FAILED', message, { cause: new AggregateError(errors, message) })
  }

  function tellMetrics({ name, metrics }: Part, message: string): void {
    if (metrics === undefined) return
    try {
      logger.info({ part: name, metrics: metrics() }, message)
    } catch (error) {
      logger.warn({ part: name, error: sentenceOf(error) }, 'a part has no metrics')
    }
  }

  function stop(): Promise<void> {
    stopping ??= stopAll()
    return stopping
  }

  async function shutdown(reason = 'it was asked for'): Promise<void> {
    if (isEnding) return stop().catch(() => {})
    isEnding = true
    const startedAt = performance.now()
    const wasStarting = starting !== undefined && health.report().phase === 'starting'
    logger.info({ reason }, 'shutting down')
    try {
      await stop()
    } catch {
      // It was told part by part.
      process.exitCode = 1
    }
    logger.info({ reason, durationMs: since(startedAt) }, 'everything has stopped')
    // Whoever waits for start() is about to hear that it was interrupted, which is no failure of this process.
    if (wasStarting) process.exit()
    setTimeout(() => {
      logger.warn(
        { open: process.getActiveResourcesInfo() },
        'something that is no part keeps the process: it is ended',
      )
      process.exit()
    }, exitGraceMs).unref()
  }

  return {
    health,
    async start() {
      if (starting === undefined) {
        endSignals = onSignals(signals, shutdown, (signal, exitCode) => {
          logger.error({ signal }, 'a second signal: the process ends at once')
          process.exit(exitCode)
        })
        starting = startParts()
      }
      try {
        await starting
      } catch (error) {
        await stop().catch(() => {})
        throw error
      }
    },
    stop,
    shutdown,
  }
}

function since(instant: number): number {
  return Math.round(performance.now() - instant)
}
