// Durations: a number is seconds, as in HTTP and in Redis; a string has its unit.

import { LifecycleTypeError } from './errors.ts'

/** Seconds as a number (fractions allowed), or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'1.5h'`, `'1d'`, `'2w'`. */
export type Duration = number | string

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 604_800e3 }
const withUnit = /^(\d+(?:\.\d+)?)(ms|[smhdw])$/
const longestMs = (2 ** 31 - 1) * 1000

/** Node runs a longer timer at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Milliseconds of a `Duration`, to the microsecond.
 *
 * @param option names the option in the error.
 * @throws LARDER_INVALID_DURATION for anything else, for more than 2^31 − 1 seconds, and for a number that looks like milliseconds.
 */
export function durationMs(value: Duration, option: string): number {
  const refusal = durationRefusal(value)
  if (refusal !== undefined)
    throw new LifecycleTypeError('LARDER_INVALID_DURATION', `${option}: ${shown(value)} given, expected ${refusal}`)
  return parse(value) as number
}

/**
 * Milliseconds of a `Duration` that a timer can wait for.
 *
 * @throws LARDER_INVALID_DURATION for anything else, and for less than `leastMs`.
 */
export function timerMs(value: Duration, option: string, leastMs = 1): number {
  const ms = durationMs(value, option)
  if (ms >= leastMs && ms <= LONGEST_TIMER_MS) return ms
  throw new LifecycleTypeError(
    'LARDER_INVALID_DURATION',
    `${option}: ${shown(value)} given, expected from ${leastMs} ms to 24 days`,
  )
}

function durationRefusal(value: unknown): string | undefined {
  const ms = parse(value)
  if (ms === undefined)
    return "a number of seconds from 0 up, or a string with its unit such as '250ms', '30s', '5m', '2h'"
  if (typeof value === 'number' && looksLikeMilliseconds(value))
    return `seconds, and this looks like milliseconds: write ${inWords(value)} or ${value / 1000}`
  if (ms > longestMs) return 'at most 2^31 − 1 seconds'
  return undefined
}

function parse(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? toMicroseconds(value * 1000) : undefined
  if (typeof value !== 'string') return undefined
  const [, amount, unit] = withUnit.exec(value) ?? []
  return amount === undefined || unit === undefined ? undefined : toMicroseconds(Number(amount) * unitMs[unit]!)
}

// 1.1 * 1000 is 1100.0000000000002.
function toMicroseconds(ms: number): number {
  return ms < 1e12 ? Math.round(ms * 1000) / 1000 : ms
}

// From 100,000 up (28 hours), a multiple of 1,000 has to be a whole number of days, fewer than 1,000. So a day, a week, a month and
// a year in seconds pass, while 300000 (5 minutes), 3600000 (an hour) and 86400000 (a day) do not.
function looksLikeMilliseconds(seconds: number): boolean {
  const days = seconds / 86_400
  return seconds >= 100_000 && seconds % 1000 === 0 && !(Number.isInteger(days) && days < 1000)
}

function inWords(ms: number): string {
  const unit = (['d', 'h', 'm'] as const).find(unit => ms % unitMs[unit]! === 0) ?? 's'
  return `'${ms / unitMs[unit]!}${unit}'`
}

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${JSON.stringify(value.slice(0, 40)).slice(1, -1)}'`
  return typeof value === 'number' ? String(value) : `a value of type ${typeof value}`
}
