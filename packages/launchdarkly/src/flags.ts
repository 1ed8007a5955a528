// The switch as a LaunchDarkly flag: evaluated when the flag changes, answered from memory.

import type { WatchedFlags, WatchOptions } from '@larder/core'
import { checkOptions, type FlagAnswer, hasMethods, isObject, isString, watchFlag, watchShape } from '@larder/core/door'
import type { LaunchDarklyClient, LaunchDarklyContext, LaunchDarklyDetail } from './client.ts'

export interface LaunchDarklyFlagsOptions extends WatchOptions {
  /** The key of the flag: a boolean, or a string that names a mode. @default 'redis-caching-enabled' */
  readonly flag?: string
  /** For whom it is evaluated. @default { kind: 'service', key: 'larder' } */
  readonly context?: LaunchDarklyContext
}

const shape = { ...watchShape, flag: isString, context: isObject }

/**
 * Flags from a LaunchDarkly client. A change holds as soon as the SDK hears of it. The `default` holds until the client is initialised, where the
 * flag does not exist or has no value, and without a client; where its value is no mode, the last good one stays.
 *
 * @param client yours: `close()` of the flags removes their listeners from it and leaves it open. `undefined` where there is no SDK key.
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION
 */
export function launchDarklyFlags(
  client: LaunchDarklyClient | undefined,
  options: LaunchDarklyFlagsOptions = {},
): WatchedFlags {
  checkOptions('launchDarklyFlags()', { client }, { client: hasMethods('variationDetail', 'on', 'off') })
  checkOptions('launchDarklyFlags()', options, shape)
  const { flag = 'redis-caching-enabled', context = { kind: 'service', key: 'larder' } } = options
  if (client === undefined) return watchFlag(nobody, options)

  const events = ['ready', `update:${flag}`]
  return watchFlag(
    {
      evaluate(answer) {
        client
          .variationDetail(flag, context, null, (_error, detail) => answer(read(detail)))
          .catch(() => answer({ state: 'unknown', code: 'EXCEPTION' }))
      },
      watch(changed) {
        for (const event of events) client.on(event, changed)
        return () => {
          for (const event of events) client.off(event, changed)
        }
      },
    },
    options,
  )
}

const nobody = {
  evaluate: (answer: (answer: FlagAnswer) => void) => answer({ state: 'absent' }),
  watch: () => () => {},
}

function read({ value, variationIndex, reason }: LaunchDarklyDetail): FlagAnswer {
  switch (reason.errorKind) {
    case undefined:
      // A flag that is off and has no variation for that has no value.
      return typeof variationIndex === 'number' ? { state: 'value', value } : { state: 'absent' }
    case 'CLIENT_NOT_READY':
      return { state: 'unknown' }
    case 'FLAG_NOT_FOUND':
      return { state: 'absent', code: reason.errorKind }
    default:
      return { state: 'unknown', code: reason.errorKind }
  }
}
