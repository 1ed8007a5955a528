// The far tier, with its log of invalidations, where a Redis is configured.

import type { Config } from '@larder/config'
import type { FarStore } from '@larder/core'
import { installed } from './installed.ts'

export interface OpenRedis {
  readonly far: FarStore
  close(): void
}

/** Does not wait for a connection: until there is one, the cache works in memory. */
export async function openRedis({ redis, store }: Config): Promise<OpenRedis | undefined> {
  if (redis === undefined) return undefined
  const { connectRedis, redisStore } = await installed('Redis', '@larder/redis ioredis', () => import('@larder/redis'))
  const client = connectRedis(redis)
  // A `quit()` would wait for a server that has frozen.
  return { far: redisStore(client, store), close: () => client.disconnect() }
}
