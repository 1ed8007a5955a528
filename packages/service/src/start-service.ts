// One call for all of it: configuration, tracing, Redis, flags, cache, health and lifecycle, in this order, without what is not configured.

import { createCache } from '@larder/core'
import { createHealth, createLifecycle, type Health, type Part } from '@larder/lifecycle'
import { openFlags } from './flags.ts'
import { readServiceOptions, type StartServiceOptions } from './options.ts'
import { openRedis } from './redis.ts'
import type { Service } from './service.ts'
import { tellWiring } from './tell-wiring.ts'
import { openTracing, tracingPart } from './tracing.ts'

/**
 * Wire a service by its configuration, and start it. It waits for no other server: without an answer of Redis the cache works in memory,
 * without one of LaunchDarkly in the configured mode. When something does not start, everything that was opened here is closed again.
 *
 * @throws LARDER_INVALID_CONFIG, with a line for each variable; LARDER_MISSING_PACKAGE; LARDER_START_FAILED, with the error of the part that did
 * not start as `cause`; LARDER_START_INTERRUPTED; LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION.
 */
export async function startService(options: StartServiceOptions = {}): Promise<Service> {
  const { config, lifecycle: settings, parts } = readServiceOptions(options)
  const { logger } = settings
  let opened: Part[] = []
  let health: Health | undefined
  try {
    const tracing = await openTracing(config)
    if (tracing !== undefined) opened.push(tracingPart(tracing, logger))

    const redis = await openRedis(config)
    if (redis !== undefined) opened.push({ name: 'redis', stop: redis.close })

    const { flags, source, close } = await openFlags(config, options)
    opened.push({ name: 'flags', stop: close })

    const cache = createCache({ ...config.cache, ...(redis && { far: redis.far }), flags })
    opened.push({ name: 'cache', stop: () => cache.close(), metrics: () => cache.getMetrics() })

    health = createHealth({ ...(options.checks && { checks: options.checks }), ...(logger && { logger }) })
    tellWiring(logger, {
      tracing: tracing?.enabled === true,
      redis: redis !== undefined,
      flags: source,
      mode: flags.mode(),
    })

    const wiring = { config, cache, flags, health, tracing }
    const lifecycle = createLifecycle({ ...settings, health, parts: [...opened, ...(await parts(wiring))] })
    // From here on the lifecycle closes what has started, also when a part does not start.
    opened = []
    await lifecycle.start()
    return { ...wiring, lifecycle }
  } catch (error) {
    health?.close()
    for (const part of opened.reverse()) await part.stop?.()
    throw error
  }
}
