// Options of startService(), checked once. Those of the lifecycle are checked there.

import { type Config, loadConfig } from '@larder/config'
import type { Flags } from '@larder/core'
import { checkOptions, hasMethods, isFunction, isObject } from '@larder/core/door'
import type { CheckFunction, HealthCheck, LifecycleOptions, Logger, Part } from '@larder/lifecycle'
import type { Wiring } from './service.ts'

export interface StartServiceOptions
  extends Pick<LifecycleOptions, 'signals' | 'startTimeout' | 'drainDelay' | 'stopTimeout'> {
  /** What to wire. @default loadConfig(), which reads the environment */
  readonly config?: Config
  /**
   * The application's own parts, which start behind all that is wired here and stop before it: the database, then the server. A function is
   * called when everything is wired and nothing of the application has started.
   */
  readonly parts?: readonly Part[] | ((wiring: Wiring) => readonly Part[] | Promise<readonly Part[]>)
  /** Checks of the health from the start to the end; a part has its own in `check`. @default none */
  readonly checks?: Readonly<Record<string, CheckFunction | HealthCheck>>
  /** Is told what was wired and left out, of starts, stops and metrics, and of changes in health: pino, `console`. @default nobody */
  readonly logger?: Logger
  /** A switch of your own, in place of what is configured. You close it. */
  readonly flags?: Flags
  /** More for the `init()` of LaunchDarkly's SDK, such as the addresses of a Relay Proxy. */
  readonly launchDarkly?: object
}

/** Looked at where they are used. */
const isAnything = () => undefined

const shape = {
  config: isObject,
  parts: (value: unknown) =>
    Array.isArray(value) || isFunction(value, 'parts') === undefined ? undefined : 'an array of parts, or a function',
  checks: isObject,
  logger: hasMethods('info', 'warn', 'error'),
  flags: hasMethods('mode'),
  launchDarkly: isObject,
  signals: isAnything,
  startTimeout: isAnything,
  drainDelay: isAnything,
  stopTimeout: isAnything,
}

export interface ServiceSettings {
  readonly config: Config
  readonly lifecycle: Omit<LifecycleOptions, 'parts' | 'health'>
  readonly parts: (wiring: Wiring) => readonly Part[] | Promise<readonly Part[]>
}

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_CONFIG */
export function readServiceOptions(options: StartServiceOptions): ServiceSettings {
  checkOptions('startService()', options, shape)
  const { config = loadConfig(), parts = [], checks: _, flags: __, launchDarkly: ___, ...lifecycle } = options
  return { config, lifecycle, parts: typeof parts === 'function' ? parts : () => parts }
}
