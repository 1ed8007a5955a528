// Every variable, in the order of the documentation.

import type { ValuesOf, Variable } from '../variable.ts'
import { cacheVariables } from './cache.ts'
import { flagVariables } from './flags.ts'
import { redisVariables } from './redis.ts'
import { serverVariables } from './server.ts'
import { tracingVariables } from './tracing.ts'

const sections = {
  Redis: redisVariables,
  'The cache': cacheVariables,
  Flags: flagVariables,
  'Traces and metrics': tracingVariables,
  'The server': serverVariables,
} satisfies Readonly<Record<string, Readonly<Record<string, Variable>>>>

export const variables = {
  ...redisVariables,
  ...cacheVariables,
  ...flagVariables,
  ...tracingVariables,
  ...serverVariables,
}

export type VariableName = keyof typeof variables
export type Values = ValuesOf<typeof variables>

/** A variable, for a page or a `--help` of yours. */
export interface VariableNote {
  readonly section: string
  readonly name: string
  /** What it is for, in Markdown. */
  readonly about: string
  /** What its text may be. */
  readonly expected: string
  /** As it would be written; `undefined` where there is none, or `about` says it. */
  readonly default: string | undefined
  readonly secret: boolean
}

/** Every variable that loadConfig() reads. */
export function variableNotes(): readonly VariableNote[] {
  return Object.entries(sections).flatMap(([section, variables]) =>
    Object.entries<Variable>(variables).map(([name, variable]) => ({
      section,
      name,
      about: variable.about,
      expected: variable.expected,
      default: variable.default,
      secret: variable.secret,
    })),
  )
}
