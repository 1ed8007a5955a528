// A part of a service: what starts, says how it is, and stops.

import type { CheckFunction } from './check.ts'
import { type HealthCheck, readCheck } from './check-options.ts'
import { type Duration, timerMs } from './duration.ts'
import { checkOptions, isAnything, isFunction, isName, wrong } from './options.ts'

export interface Part {
  /** Names it in logs, and its check in the health: letters, digits, `:`, `.`, `_` and `-`. */
  readonly name: string
  /** What it returns is waited for. When it throws, it has cleaned up behind itself: it is not stopped. */
  start?(): unknown
  /** What it returns is waited for. Called once, and only when it has started. */
  stop?(): unknown
  /** A check of the health, from when it has started until it stops. */
  readonly check?: CheckFunction | HealthCheck
  /** Numbers for the log: told when everything has started, and when it is about to stop. */
  metrics?(): object
  /** @default the lifecycle's own `startTimeout` */
  readonly startTimeout?: Duration
  /** @default '5s' */
  readonly stopTimeout?: Duration
}

/** A part whose options were checked. */
export interface CheckedPart {
  readonly part: Part
  readonly startTimeoutMs: number
  readonly stopTimeoutMs: number
}

const shape = {
  name: isName,
  start: isFunction,
  stop: isFunction,
  check: isAnything,
  metrics: isFunction,
  startTimeout: isAnything,
  stopTimeout: isAnything,
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function checkParts(parts: readonly Part[], startTimeoutMs: number): CheckedPart[] {
  if (!Array.isArray(parts)) throw wrong('createLifecycle(): parts', 'an array of parts')
  const names = new Set<string>()
  return parts.map((part, index) => {
    const where = `part ${index + 1}`
    checkOptions(where, part, shape)
    const { name, startTimeout, stopTimeout = '5s' } = part
    if (name === undefined) throw wrong(`${where}: name`, 'a name')
    if (names.has(name)) throw wrong(`${where}: name`, `a name that no other part has, not '${name}'`)
    names.add(name)
    if (part.check !== undefined) readCheck(name, part.check)
    return {
      part,
      startTimeoutMs: startTimeout === undefined ? startTimeoutMs : timerMs(startTimeout, `${name}: startTimeout`),
      stopTimeoutMs: timerMs(stopTimeout, `${name}: stopTimeout`),
    }
  })
}
