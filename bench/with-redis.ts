// A Redis for a benchmark: the parent starts it, and the processes of the courses find its port in their environment.

import { type RedisServer, startRedis } from '../test/support/redis-server.ts'

const variable = 'LARDER_BENCH_REDIS_PORT'

/** Starts one, unless this is the process of a course. Without a Redis it says why. */
export async function provideRedis(): Promise<RedisServer | string | undefined> {
  if (process.env[variable] !== undefined) return undefined
  try {
    const server = await startRedis()
    process.env[variable] = String(server.port)
    return server
  } catch (error) {
    return (error as Error).message.split('\n')[0]!
  }
}

export function redisPort(): number {
  return Number(process.env[variable])
}

/** What a peer takes to be on Redis. The port is known when a course starts, not when it is named. */
export const onRedis = {
  get with() {
    return redisPort()
  },
}
