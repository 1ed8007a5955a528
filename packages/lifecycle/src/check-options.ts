// What is said of a check when it is named: how long it may take, how often it is run, what its failure means.

import type { CheckFunction } from './check.ts'
import { type Duration, timerMs } from './duration.ts'
import { checkOptions, isAnything, isFunction, isName, oneOf, wrong } from './options.ts'
import type { Affects } from './verdicts.ts'

export interface HealthCheck {
  readonly run: CheckFunction
  /** How long a run may take before it counts as failed. @default the health's own `deadline` */
  readonly deadline?: Duration
  /** How long after a result it is run again. @default the health's own `interval` */
  readonly interval?: Duration
  /**
   * What its failure means: `'ready'`, no requests for this process; `'live'`, the process should be started anew; `'detail'`, it is
   * degraded and goes on.
   *
   * @default 'ready'
   */
  readonly affects?: Affects
}

export interface ReadCheck {
  readonly run: CheckFunction
  readonly affects: Affects
  /** `undefined`: as the health has it. */
  readonly deadlineMs: number | undefined
  readonly intervalMs: number | undefined
}

/** More often than this is no look at health, but load. */
export const LEAST_INTERVAL_MS = 10

const shape = {
  run: isFunction,
  deadline: isAnything,
  interval: isAnything,
  affects: oneOf('live', 'ready', 'detail'),
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function readCheck(name: string, given: CheckFunction | HealthCheck): ReadCheck {
  const where = `check '${name}'`
  const misnamed = isName(name)
  if (misnamed !== undefined) throw wrong('the name of a check', misnamed)
  if (typeof given === 'function') return { run: given, affects: 'ready', deadlineMs: undefined, intervalMs: undefined }
  checkOptions(where, given, shape)
  const { run, affects = 'ready', deadline, interval } = given
  if (run === undefined) throw wrong(`${where}: run`, 'a function')
  return {
    run,
    affects,
    deadlineMs: deadline === undefined ? undefined : timerMs(deadline, `${where}: deadline`),
    intervalMs: interval === undefined ? undefined : timerMs(interval, `${where}: interval`, LEAST_INTERVAL_MS),
  }
}
