// What a service is made of, once it is wired.

import type { Config } from '@larder/config'
import type { Cache, Flags } from '@larder/core'
import type { Health, Lifecycle } from '@larder/lifecycle'
import type { ServiceTracing } from './tracing.ts'

/** What the parts of an application are made with. */
export interface Wiring {
  readonly config: Config
  /** On Redis where one is configured, else in memory alone. */
  readonly cache: Cache
  /** The switch that the cache was made with. */
  readonly flags: Flags
  /** For `cacheHealth({ cache, checks: health })` of a door. */
  readonly health: Health
  /** `undefined` where nothing says where traces or metrics go. */
  readonly tracing: ServiceTracing | undefined
}

export interface Service extends Wiring {
  /** `lifecycle.stop()` closes what was opened here, in reverse, and nothing else. */
  readonly lifecycle: Lifecycle
}
