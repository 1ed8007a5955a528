// How a process is: named checks, looked at in the background, and verdicts that are read from memory.

import {
  type Check,
  type CheckDetail,
  type CheckFunction,
  type CheckReason,
  type CheckResult,
  type CheckStatus,
  createCheck,
} from './check.ts'
import { type HealthCheck, LEAST_INTERVAL_MS, readCheck } from './check-options.ts'
import { type Duration, timerMs } from './duration.ts'
import { sentenceOf } from './errors.ts'
import { isLogger, type Logger, safeLogger } from './logger.ts'
import { checkOptions, isAnything, isBoolean, isObject, wrong } from './options.ts'
import { type Affects, type Phase, type Verdicts, verdictsOf } from './verdicts.ts'

export interface HealthOptions {
  /** By name: letters, digits, `:`, `.`, `_` and `-`. Each is run at once, and then by the interval. */
  readonly checks?: Readonly<Record<string, CheckFunction | HealthCheck>>
  /** How long after a result a check is run again. @default '30s' */
  readonly interval?: Duration
  /** How long a run may take before it counts as failed. @default '2s' */
  readonly deadline?: Duration
  /** A process that is degraded is not ready. @default false */
  readonly strict?: boolean
  /** Is told when a check's status changes. @default nobody */
  readonly logger?: Logger
}

/** A result, and what it counts for. */
export interface ReportedCheck {
  readonly status: CheckStatus
  readonly affects: Affects
  readonly reason?: CheckReason
  readonly detail?: CheckDetail
  readonly time?: string
  readonly durationMs?: number
}

export interface HealthReport extends Verdicts {
  readonly phase: Phase
  readonly checks: Readonly<Record<string, ReportedCheck>>
}

export interface Health {
  /** What is known now. It reads memory alone, and never waits. */
  report(): HealthReport
  /** Run one check sooner, or all of them. Resolves with what is known then; a check that hangs is not waited for. */
  refresh(name?: string): Promise<HealthReport>
  /**
   * Add a check, and run it at once. Returns what removes it.
   *
   * @throws LARDER_INVALID_OPTION when the name is taken.
   */
  add(name: string, check: CheckFunction | HealthCheck): () => void
  /** Say where the process is in its life; a lifecycle does. Ready is only what runs. */
  enter(phase: Phase): void
  /** Run no check any more. */
  close(): void
}

const optionsShape = {
  checks: isObject,
  interval: isAnything,
  deadline: isAnything,
  strict: isBoolean,
  logger: isLogger,
}
/**
 * The health of this process. Nothing of it keeps the process alive.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION
 */
export function createHealth(options: HealthOptions = {}): Health {
  checkOptions('createHealth()', options, optionsShape)
  const intervalMs = timerMs(options.interval ?? '30s', 'createHealth(): interval', LEAST_INTERVAL_MS)
  const deadlineMs = timerMs(options.deadline ?? '2s', 'createHealth(): deadline')
  const strict = options.strict ?? false
  const logger = safeLogger(options.logger)
  const checks = new Map<string, { readonly affects: Affects; readonly check: Check }>()
  let phase: Phase = 'running'
  let hasStarted = false
  let isClosed = false

  function add(name: string, given: CheckFunction | HealthCheck): () => void {
    const read = readCheck(name, given)
    if (checks.has(name)) throw wrong(`check '${name}'`, 'a name that no other check has')
    const check = createCheck({
      run: read.run,
      intervalMs: read.intervalMs ?? intervalMs,
      deadlineMs: read.deadlineMs ?? deadlineMs,
      onResult(result, before, error) {
        noteStart()
        tell(name, result, before, error)
      },
    })
    const held = { affects: read.affects, check }
    checks.set(name, held)
    if (!isClosed) void check.refresh()
    return () => {
      check.close()
      if (checks.get(name) === held) checks.delete(name)
    }
  }

  function tell(name: string, result: CheckResult, before: CheckResult, error: unknown): void {
    const expected = before.reason === 'not-run-yet' ? 'pass' : before.status
    if (result.status === expected) return
    const { status, reason, detail } = result
    const details = { check: name, status, reason, detail, ...(error !== undefined && { error: sentenceOf(error) }) }
    if (status === 'pass') logger.info(details, 'health check passes again')
    else logger.warn(details, status === 'warn' ? 'health check: degraded' : 'health check fails')
  }

  // Once it has started it has, whatever is added or fails later.
  function noteStart(): void {
    hasStarted ||=
      phase === 'running' && [...checks.values()].every(({ check }) => check.result.reason !== 'not-run-yet')
  }

  function report(): HealthReport {
    noteStart()
    const judged = [...checks].map(([name, { affects, check }]) => ({ name, affects, result: check.result }))
    return {
      ...verdictsOf(judged, { phase, hasStarted, strict }),
      phase,
      checks: Object.fromEntries(judged.map(({ name, affects, result }) => [name, { affects, ...result }])),
    }
  }

  for (const [name, check] of Object.entries(options.checks ?? {})) add(name, check)
  return {
    report,
    async refresh(name) {
      if (name !== undefined && !checks.has(name)) throw wrong('refresh()', `the name of a check, not '${name}'`)
      const asked = [...checks].filter(([each]) => name === undefined || each === name)
      await Promise.all(asked.map(([, { check }]) => check.refresh()))
      return report()
    },
    add,
    enter(next) {
      if (next === 'starting') hasStarted = false
      phase = next
    },
    close() {
      isClosed = true
      for (const { check } of checks.values()) check.close()
    },
  }
}
