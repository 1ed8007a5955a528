// The parts for createCache(), for redisStore() and for redisLog().

import type { CacheConfig, LogConfig, StoreConfig } from '../config.ts'
import type { Values } from '../variables/index.ts'

export function cachePart(values: Values): CacheConfig {
  const { LARDER_MAX_ENTRY_BYTES: maxEntryBytes } = values
  return {
    name: values.LARDER_NAME,
    maxBytes: values.LARDER_MAX_BYTES,
    ...(maxEntryBytes !== undefined && { maxEntryBytes }),
    defaultTtl: values.LARDER_DEFAULT_TTL,
    coherenceBound: values.LARDER_COHERENCE_BOUND,
    waitTimeout: values.LARDER_WAIT_TIMEOUT,
    fillTimeout: values.LARDER_FILL_TIMEOUT,
    farDeadline: values.LARDER_FAR_DEADLINE,
    breakerFailures: values.LARDER_BREAKER_FAILURES,
    breakerReset: values.LARDER_BREAKER_RESET,
    healthInterval: values.LARDER_HEALTH_INTERVAL,
  }
}

export function storePart(values: Values): StoreConfig {
  const { prefix, ...log } = logPart(values)
  return { prefix, maxEntryBytes: values.LARDER_STORE_MAX_ENTRY_BYTES, log }
}

export function logPart(values: Values): LogConfig {
  return {
    prefix: values.LARDER_PREFIX,
    tick: values.LARDER_LOG_TICK,
    retention: values.LARDER_LOG_RETENTION,
    deadline: values.LARDER_LOG_DEADLINE,
    replicas: values.LARDER_LOG_REPLICAS,
    confirmReplicas: values.LARDER_LOG_CONFIRM_REPLICAS,
  }
}
