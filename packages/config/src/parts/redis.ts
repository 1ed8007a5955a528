// The part for connectRedis(): only what it has to be told.

import type { RedisConfig } from '../config.ts'
import type { Given } from '../given.ts'
import { sealed, withoutCredentials } from '../redaction.ts'
import type { Values, VariableName } from '../variables/index.ts'

// Whoever sets one of these has a Redis in mind, on this machine where nothing else is said. The prefix of keys says nothing of the kind.
const signs: readonly VariableName[] = [
  'REDIS_URL',
  'REDIS_HOST',
  'REDIS_SENTINELS',
  'REDIS_CLUSTER_NODES',
  'REDIS_PORT',
  'REDIS_USERNAME',
  'REDIS_PASSWORD',
  'REDIS_DB',
  'REDIS_TLS',
  'REDIS_FAMILY',
]

export function redisPart(given: Given, values: Values): RedisConfig | undefined {
  if (!signs.some(name => given[name] !== undefined)) return undefined
  const { REDIS_USERNAME, REDIS_PASSWORD, REDIS_DB, REDIS_TLS, REDIS_FAMILY } = values
  return sealed<RedisConfig>(
    {
      ...place(values),
      ...(REDIS_USERNAME !== undefined && { username: REDIS_USERNAME }),
      ...(REDIS_PASSWORD !== undefined && { password: REDIS_PASSWORD }),
      // What is handed in goes before what the URL says, so a default must not.
      ...(given.REDIS_DB !== undefined && { db: REDIS_DB }),
      ...(REDIS_TLS && { tls: {} }),
      ...(REDIS_FAMILY !== undefined && { family: Number(REDIS_FAMILY) as 0 | 4 | 6 }),
      keyPrefix: values.REDIS_KEY_PREFIX,
    },
    { password: '[hidden]', url: values.REDIS_URL && withoutCredentials(values.REDIS_URL) },
  )
}

function place(values: Values): Partial<RedisConfig> {
  const { REDIS_URL, REDIS_SENTINELS, REDIS_CLUSTER_NODES } = values
  if (REDIS_URL !== undefined) return { url: REDIS_URL }
  if (REDIS_SENTINELS !== undefined) return { sentinels: REDIS_SENTINELS, name: values.REDIS_SENTINEL_NAME }
  if (REDIS_CLUSTER_NODES !== undefined) return { cluster: REDIS_CLUSTER_NODES }
  return { host: values.REDIS_HOST, port: values.REDIS_PORT }
}
