// One line for the log: what was wired, and what was left out since nothing configures it.

import type { Mode } from '@larder/core'
import type { Logger } from '@larder/lifecycle'

export interface Wired {
  readonly tracing: boolean
  readonly redis: boolean
  /** Where the flags come from. */
  readonly flags: string
  /** Of the cache, now. */
  readonly mode: Mode
}

export function tellWiring(logger: Logger | undefined, wired: Wired): void {
  try {
    logger?.info(wired, sentence(wired))
  } catch {
    // A log that is broken keeps nothing from starting.
  }
}

function sentence({ tracing, redis, flags }: Wired): string {
  const [there, leftOut]: [string[], string[]] = [[], []]
  const put = (isThere: boolean, name: string): void => void (isThere ? there : leftOut).push(name)
  put(tracing, 'tracing')
  put(redis, 'Redis')
  put(flags !== 'the environment', flags === 'the environment' ? 'flags that change' : `flags from ${flags}`)
  const lines = [
    there.length > 0 ? `with ${there.join(', ')}` : '',
    leftOut.length > 0 ? `left out, since not configured: ${leftOut.join(', ')}` : '',
  ]
  return lines.filter(line => line !== '').join('; ')
}
