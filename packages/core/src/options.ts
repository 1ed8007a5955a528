// Options are checked once, when a thing is made: known names, right values, and a message that says what to write.

import { describeValue } from './describe-value.ts'
import { durationRefusal } from './duration.ts'
import { type LarderErrorCode, LarderTypeError } from './errors.ts'
import { nearestName } from './nearest-name.ts'

/** What is expected instead of `value`, or `undefined` when it is right. */
export interface OptionRule {
  (value: unknown, name: string): string | undefined
  /** The code of the error. @default 'LARDER_INVALID_OPTION' */
  readonly code?: LarderErrorCode
}

/**
 * Check an object of options. An option that is `undefined` counts as absent.
 *
 * @param where what the options are for, as the user wrote it: `'createCache()'`.
 * @throws LARDER_UNKNOWN_OPTION for a name that is not in `shape`, LARDER_INVALID_OPTION for a wrong value.
 */
export function checkOptions(where: string, given: unknown, shape: Readonly<Record<string, OptionRule>>): void {
  if (!isPlainObject(given))
    throw new LarderTypeError(
      'LARDER_INVALID_OPTION',
      `${where}: options: ${describeValue(given)} given, expected a plain object`,
    )
  for (const [name, value] of Object.entries(given)) {
    const rule = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (rule === undefined) throw unknownOption(where, name, Object.keys(shape))
    if (value === undefined) continue
    const expected = rule(value, name)
    if (expected !== undefined)
      throw new LarderTypeError(
        rule.code ?? 'LARDER_INVALID_OPTION',
        `${where}: ${name}: ${describeValue(value)} given, expected ${expected}`,
      )
  }
}

export const isBoolean: OptionRule = value => (typeof value === 'boolean' ? undefined : 'true or false')
export const isFunction: OptionRule = value => (typeof value === 'function' ? undefined : 'a function')
export const isString: OptionRule = value => (typeof value === 'string' && value !== '' ? undefined : 'a string')
export const isObject: OptionRule = value => (typeof value === 'object' && value !== null ? undefined : 'an object')
export const isStringArray: OptionRule = value =>
  Array.isArray(value) && value.every(item => typeof item === 'string') ? undefined : 'an array of strings'
export const isDuration: OptionRule = Object.assign((value: unknown) => durationRefusal(value), {
  code: 'LARDER_INVALID_DURATION',
} as const)

/** A whole number, both ends included. */
export function isInteger(min: number, max: number = Number.MAX_SAFE_INTEGER): OptionRule {
  const expected =
    max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min} up` : `a whole number from ${min} to ${max}`
  return value => (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max ? undefined : expected)
}

/** One of these very values. */
export function oneOf(...values: readonly unknown[]): OptionRule {
  return value => (values.includes(value) ? undefined : values.map(describeValue).join(' or '))
}

/** What any of these rules accepts. */
export function anyOf(...rules: readonly OptionRule[]): OptionRule {
  return (value, name) => {
    const expected = rules.map(rule => rule(value, name))
    return expected.includes(undefined) ? undefined : expected.join(', or ')
  }
}

/** An object with these methods. */
export function hasMethods(...methods: readonly string[]): OptionRule {
  return value =>
    typeof value === 'object' &&
    value !== null &&
    methods.every(method => typeof (value as Record<string, unknown>)[method] === 'function')
      ? undefined
      : `an object with ${methods.map(method => `${method}()`).join(', ')}`
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function unknownOption(where: string, name: string, known: readonly string[]): LarderTypeError {
  const nearest = nearestName(name, known)
  const hint = nearest ? `did you mean '${nearest}'?` : `known are ${known.join(', ')}`
  return new LarderTypeError('LARDER_UNKNOWN_OPTION', `${where}: unknown option ${describeValue(name)}: ${hint}`)
}
