// What is wrong with an environment: one line for each variable, none of them telling a secret.

import { LarderError } from '@larder/core'
import { describeValue } from '@larder/core/door'

export interface ConfigProblem {
  readonly variable: string
  /** The whole line. */
  readonly message: string
}

/** What loadConfig() throws. Its code is LARDER_INVALID_CONFIG. */
export interface ConfigError extends LarderError {
  /** In the order of the documentation. */
  readonly problems: readonly ConfigProblem[]
}

export function configError(problems: readonly ConfigProblem[]): ConfigError {
  const lines = problems.map(({ message }) => `  ${message}`)
  const count = problems.length === 1 ? 'a variable' : `${problems.length} variables`
  const message = [`The environment has ${count} that cannot be:`, ...lines].join('\n')
  // Whoever prints the error has seen the lines already.
  return Object.defineProperty(new LarderError('LARDER_INVALID_CONFIG', message), 'problems', {
    value: problems,
  }) as ConfigError
}

/** A value in a message. A secret in the wrong place is one still: what stands before an `@`, in a query, or behind `password=`. */
export function shown(value: string, isSecret: boolean): string {
  if (isSecret || /(pass|pwd|secret|token|key|auth)\w*\s*[=:]/i.test(value)) return 'a value that is not shown'
  return describeValue(value.replace(/^.*@/s, '…@').replace(/\?.*$/s, '?…'))
}
