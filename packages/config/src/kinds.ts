// The kinds of text that a variable may hold.

import type { Duration } from '@larder/core'
import { durationMs, durationRefusal } from '@larder/core/door'
import { z } from 'zod'

/** A way to read a text. */
export interface Kind<T> {
  /** What its text may be: `a whole number from 1 to 65535`. */
  readonly expected: string
  /** Its message says the same, at times with more help. */
  readonly schema: z.ZodType<T, string>
}

/**
 * A kind from a function.
 *
 * @param read gives the value; or says what is expected instead, where that is not what is always expected.
 */
export function kind<T>(
  expected: string,
  read: (text: string) => { readonly value: T } | { readonly instead: string } | undefined,
): Kind<T> {
  const schema = z.string({ error: expected }).transform((text, context): T => {
    const found = read(text)
    if (found !== undefined && 'value' in found) return found.value
    context.addIssue({ code: 'custom', message: found?.instead ?? expected })
    return z.NEVER
  })
  return { expected, schema }
}

/** Only what matches, as it stands. */
export function matching(pattern: RegExp, expected: string): Kind<string> {
  return { expected, schema: z.string({ error: expected }).regex(pattern, { error: expected }) }
}

/** Anything on one line. */
export const line: Kind<string> = matching(/^\P{Cc}{1,1024}$/u, 'at most 1024 characters on one line')

export const boolean: Kind<boolean> = {
  expected: 'true or false',
  schema: z.stringbool({ truthy: ['true', '1'], falsy: ['false', '0'], error: 'true or false' }),
}

/** One of some words, as they stand. */
export function oneOf<const Word extends string>(...words: readonly Word[]): Kind<Word> {
  const expected = `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
  return { expected, schema: z.enum(words, { error: expected }) }
}

/** Some of some words. The word `none` alone is an empty list. */
export function someOf<const Word extends string>(...words: readonly Word[]): Kind<readonly Word[]> {
  const one = z.enum(words)
  return kind(`some of ${words.join(', ')} with commas between, or none`, text => {
    if (text === 'none') return { value: [] }
    const list = z.array(one).safeParse(text.split(',').map(word => word.trim()))
    return list.success ? { value: [...new Set(list.data)] } : undefined
  })
}

/** A whole number, both ends included. */
export function integer(min: number, max: number): Kind<number> {
  const expected = `a whole number from ${min} to ${max}`
  return kind(expected, text => {
    if (text.startsWith('tcp://')) return { instead: `${expected}; ${fromKubernetes}` }
    const value = /^\d{1,15}$/.test(text) ? Number(text) : -1
    return value >= min && value <= max ? { value } : undefined
  })
}

const fromKubernetes =
  'Kubernetes sets this itself for a Service of that name: set it yourself, or enableServiceLinks to false'

/** A part of all. */
export const share: Kind<number> = kind('a number from 0 to 1', text => {
  const value = /^(\d+(\.\d*)?|\.\d+)$/.test(text) ? Number(text) : -1
  return value >= 0 && value <= 1 ? { value } : undefined
})

/** A duration, both ends included. */
export function duration(min: string, max?: string): Kind<Duration> {
  const range = max === undefined ? `of at least ${min}` : `from ${min} to ${max}`
  const least = durationMs(min, '')
  const most = max === undefined ? Number.POSITIVE_INFINITY : durationMs(max, '')
  const expected = `a duration ${range}`
  const instead = `${expected}: seconds, or a number with its unit as in 250ms, 30s, 5m, 2h, 1d`
  return kind(expected, text => {
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : text
    const refusal = durationRefusal(value)
    // Of a number it says more: that it looks like milliseconds.
    if (refusal !== undefined) return { instead: typeof value === 'number' ? refusal : instead }
    const ms = durationMs(value, '')
    return ms >= least && ms <= most ? { value } : { instead }
  })
}

const unitBytes = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const

/** A number of bytes, both ends included. */
export function bytes(min = 1, max = Number.MAX_SAFE_INTEGER): Kind<number> {
  const range = max === Number.MAX_SAFE_INTEGER ? `from ${min} up` : `from ${min} to ${max}`
  return kind(`bytes ${range}, or a number with its unit as in 512KiB, 64MiB, 2GiB`, text => {
    const [, amount, unit = 'B'] = /^(\d{1,15})(B|KiB|MiB|GiB)?$/.exec(text) ?? []
    const value = Number(amount) * unitBytes[unit as keyof typeof unitBytes]
    return value >= min && value <= max ? { value } : undefined
  })
}
