// Where purges are written: on the Redis that the environment names, or nowhere but in this process.

import type { InvalidationLog } from '@larder/core'
import { type ConnectRedisOptions, connectRedis, redisLog } from '@larder/redis'

export interface SharedLog {
  readonly log: InvalidationLog
  close(): Promise<void>
}

/** `undefined`: no Redis is named, and the purges of this process are its own. */
export function openSharedLog(redis: ConnectRedisOptions | undefined): SharedLog | undefined {
  if (redis === undefined) return undefined
  const client = connectRedis(redis)
  const log = redisLog(client, { prefix: 'link-up-buddy:' })
  return {
    log,
    async close() {
      await log.close()
      // Redis may be away: what cannot be said goodbye to is let go.
      client.disconnect()
    },
  }
}
