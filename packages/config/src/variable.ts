// One environment variable: how its text is read, and what it is for.

import type { z } from 'zod'
import type { Kind } from './kinds.ts'

export interface Variable<Schema extends z.ZodType = z.ZodType> {
  readonly schema: Schema
  readonly expected: string
  /** What it is for, in Markdown. */
  readonly about: string
  /** What holds when it is not set, as it would be written. */
  readonly default?: string
  /** Its value is in no message. */
  readonly secret: boolean
}

/** A variable that has a value in any case. */
export function withDefault<T>(kind: Kind<T>, otherwise: string, about: string): Variable<z.ZodType<T>> {
  const schema = kind.schema.prefault(otherwise)
  return { schema, expected: kind.expected, about, default: otherwise, secret: false }
}

/** A variable that may be absent. */
export function optional<T>(kind: Kind<T>, about: string): Variable<z.ZodType<T | undefined>> {
  return { schema: kind.schema.optional(), expected: kind.expected, about, secret: false }
}

/** A variable that may be absent, and whose value nobody is shown. */
export function secret<T>(kind: Kind<T>, about: string): Variable<z.ZodType<T | undefined>> {
  return { ...optional(kind, about), secret: true }
}

/** The values of some variables, by their names. */
export type ValuesOf<Variables extends Readonly<Record<string, Variable>>> = {
  readonly [Name in keyof Variables]: z.output<Variables[Name]['schema']>
}
