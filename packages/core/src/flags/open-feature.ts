// OpenFeature: a mode from any provider. Its evaluation is asynchronous, so it happens on the provider's events and on a slow timer.

import { type Duration, durationMs, LONGEST_TIMER_MS } from '../duration.ts'
import { LarderTypeError } from '../errors.ts'
import type { Mode } from '../flags.ts'
import { checkOptions, hasMethods, isDuration, isObject, isString } from '../options.ts'
import { type FlagAnswer, type WatchedFlags, type WatchOptions, watchFlag, watchShape } from './watched.ts'

/** What is needed of a client of `@openfeature/server-sdk`. You own it, and close its provider. */
export interface OpenFeatureClient {
  getStringDetails(flag: string, otherwise: string, context?: OpenFeatureContext): Promise<OpenFeatureDetails>
  getBooleanDetails(flag: string, otherwise: boolean, context?: OpenFeatureContext): Promise<OpenFeatureDetails>
  // The SDK types an event by its enum, whose values these are.
  addHandler(event: never, handler: () => void): void
  removeHandler(event: never, handler: () => void): void
}

export interface OpenFeatureDetails {
  readonly value: unknown
  readonly errorCode?: string
}

export type OpenFeatureContext = Record<string, string | number | boolean>

export interface OpenFeatureFlagsOptions extends WatchOptions {
  /** The key of the flag: a boolean, or a string that names a mode. @default 'redis-caching-enabled' */
  readonly flag?: string
  /** For whom it is evaluated. @default { kind: 'service', targetingKey: 'larder' } */
  readonly context?: OpenFeatureContext
  /** How often it is evaluated without an event, for providers that send none. From 1 s up. @default '30s' */
  readonly refresh?: Duration
}

const shape = { ...watchShape, flag: isString, context: isObject, refresh: isDuration }
const events = ['PROVIDER_READY', 'PROVIDER_CONFIGURATION_CHANGED'] as const

/**
 * Flags from an OpenFeature client. They answer from memory, and follow the provider's events, else the timer. While the provider is not
 * ready, the `default` holds; where the flag has a wrong type, or the provider an error, the last good mode.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION
 */
export function openFeatureFlags(client: OpenFeatureClient, options: OpenFeatureFlagsOptions = {}): WatchedFlags {
  checkOptions('openFeatureFlags()', { client: client ?? null }, { client: isClient })
  checkOptions('openFeatureFlags()', options, shape)
  const { flag = 'redis-caching-enabled', context = { kind: 'service', targetingKey: 'larder' } } = options
  const refreshMs = readRefresh(options.refresh ?? '30s')

  return watchFlag(
    {
      evaluate(answer) {
        evaluate(client, flag, context, options.default ?? 'on').then(answer, () =>
          answer({ state: 'unknown', code: 'GENERAL' }),
        )
      },
      watch(changed) {
        for (const event of events) client.addHandler(event as never, changed)
        const timer = setInterval(changed, refreshMs).unref()
        return () => {
          clearInterval(timer)
          for (const event of events) client.removeHandler(event as never, changed)
        }
      },
    },
    options,
  )
}

const isClient = hasMethods('getStringDetails', 'getBooleanDetails', 'addHandler', 'removeHandler')

/** As a string first: where the flag has no value, the answer is then the mode that was handed in. */
async function evaluate(
  client: OpenFeatureClient,
  flag: string,
  context: OpenFeatureContext,
  otherwise: Mode,
): Promise<FlagAnswer> {
  // The SDK tells that a provider is ready before it asks that provider, in the same turn.
  await undefined
  const text = await client.getStringDetails(flag, otherwise, context)
  const details = text.errorCode === 'TYPE_MISMATCH' ? await client.getBooleanDetails(flag, true, context) : text
  switch (details.errorCode) {
    case undefined:
      return { state: 'value', value: details.value }
    case 'TYPE_MISMATCH':
      return { state: 'unknown', code: 'LARDER_INVALID_FLAG' }
    case 'PROVIDER_NOT_READY':
      return { state: 'unknown' }
    case 'FLAG_NOT_FOUND':
      return { state: 'absent', code: details.errorCode }
    default:
      return { state: 'unknown', code: details.errorCode }
  }
}

function readRefresh(refresh: Duration): number {
  const ms = durationMs(refresh, 'refresh')
  if (ms >= 1000 && ms <= LONGEST_TIMER_MS) return ms
  throw new LarderTypeError(
    'LARDER_INVALID_DURATION',
    `openFeatureFlags(): refresh: ${ms} ms given, expected from 1 s to 24 days`,
  )
}
