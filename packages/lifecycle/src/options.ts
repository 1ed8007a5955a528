// Options are checked once, when a thing is made: known names, right values, and a message that says what to write.

import { LifecycleTypeError } from './errors.ts'

/** What is expected instead of `value`, or `undefined` when it is right. */
export type OptionRule = (value: unknown) => string | undefined

/**
 * Check an object of options. An option that is `undefined` counts as absent. A value is never shown: it may hold a secret.
 *
 * @param where what the options are for, as the user wrote it: `'createHealth()'`.
 * @throws LARDER_UNKNOWN_OPTION for a name that is not in `shape`, LARDER_INVALID_OPTION for a wrong value.
 */
export function checkOptions(where: string, given: unknown, shape: Readonly<Record<string, OptionRule>>): void {
  if (isObject(given) !== undefined) throw wrong(where, 'an object of options')
  for (const [name, value] of Object.entries(given as object)) {
    if (!Object.hasOwn(shape, name))
      throw new LifecycleTypeError(
        'LARDER_UNKNOWN_OPTION',
        `${where}: unknown option '${name.slice(0, 40)}': known are ${Object.keys(shape).join(', ')}`,
      )
    const expected = value === undefined ? undefined : shape[name]!(value)
    if (expected !== undefined) throw wrong(`${where}: ${name}`, expected)
  }
}

/** The error for an option that is not what it should be. */
export function wrong(where: string, expected: string): LifecycleTypeError {
  return new LifecycleTypeError('LARDER_INVALID_OPTION', `${where}: expected ${expected}`)
}

/** Looked at when it is read, by `durationMs()`. */
export const isAnything: OptionRule = () => undefined
export const isBoolean: OptionRule = value => (typeof value === 'boolean' ? undefined : 'true or false')
export const isFunction: OptionRule = value => (typeof value === 'function' ? undefined : 'a function')
export const isObject: OptionRule = value =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? undefined : 'an object'
export const isName: OptionRule = value =>
  typeof value === 'string' && /^[\w:.-]{1,64}$/.test(value)
    ? undefined
    : 'a name of at most 64 letters, digits, and : . _ -'

/** One of these very values. */
export function oneOf(...values: readonly string[]): OptionRule {
  return value => (values.includes(value as string) ? undefined : values.map(each => `'${each}'`).join(' or '))
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
