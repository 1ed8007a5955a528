// The switch of the cache, from whatever is configured: LaunchDarkly, a file, else the variable alone.

import type { Config, LaunchDarklyConfig } from '@larder/config'
import { type Flags, fileFlags, staticFlags } from '@larder/core'
import type { Logger } from '@larder/lifecycle'
import { installed } from './installed.ts'
import type { StartServiceOptions } from './options.ts'

export interface OpenFlags {
  readonly flags: Flags
  /** Where they come from. */
  readonly source: 'LaunchDarkly' | 'a file' | 'the application' | 'the environment'
  close(): void
}

/** Does not wait for LaunchDarkly: until it answers, the configured mode holds. */
export async function openFlags(
  config: Config,
  { flags: own, launchDarkly, logger }: StartServiceOptions,
): Promise<OpenFlags> {
  // Events about the flag name the cache.
  const options = { ...config.flags, cache: config.cache.name }
  if (own !== undefined) return { flags: own, source: 'the application', close: () => {} }
  if (config.launchDarkly !== undefined) {
    const { connect, launchDarklyFlags } = await loadLaunchDarkly()
    const client = connect(config.launchDarkly, launchDarkly, logger)
    const flags = launchDarklyFlags(client, options)
    return {
      flags,
      source: 'LaunchDarkly',
      close() {
        flags.close()
        client.close()
      },
    }
  }
  if (config.flagFile !== undefined) {
    const flags = fileFlags(config.flagFile, options)
    return { flags, source: 'a file', close: () => flags.close() }
  }
  return { flags: staticFlags(config.flags.default), source: 'the environment', close: () => {} }
}

async function loadLaunchDarkly() {
  const load = () => Promise.all([import('@larder/launchdarkly'), import('@launchdarkly/node-server-sdk')])
  const packages = '@larder/launchdarkly @launchdarkly/node-server-sdk'
  const [{ launchDarklyFlags }, { basicLogger, init }] = await installed('LaunchDarkly', packages, load)
  return {
    launchDarklyFlags,
    connect({ sdkKey }: LaunchDarklyConfig, options: object | undefined, logger: Logger | undefined) {
      // On its own the SDK writes to the console.
      const destination = (line: string): void => logger?.warn({ source: 'LaunchDarkly' }, line)
      return init(sdkKey, { logger: basicLogger({ level: 'warn', destination }), ...options })
    },
  }
}
