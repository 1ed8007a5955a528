// A mode from an environment variable, read once: an environment does not change while a process runs.

import { describeValue } from '../describe-value.ts'
import { LarderTypeError } from '../errors.ts'
import { type Flags, type Mode, modes, staticFlags } from '../flags.ts'

/**
 * The mode that a variable names; where it is absent or empty, `'on'`.
 *
 * @param env the environment, as `process.env`.
 * @param name the variable. Default `LARDER_MODE`.
 * @throws LARDER_INVALID_FLAG when it names no mode.
 */
export function environmentFlags(env: Readonly<Record<string, string | undefined>>, name = 'LARDER_MODE'): Flags {
  const given = env[name] || 'on'
  if (!modes.includes(given as Mode))
    throw new LarderTypeError(
      'LARDER_INVALID_FLAG',
      `${name}: ${describeValue(given)} given, expected ${modes.map(describeValue).join(' or ')}`,
    )
  return staticFlags(given as Mode)
}
