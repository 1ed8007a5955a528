// @larder/redis — The public names, one by one.

export type { RedisClient, RedisConnection, RedisStoreClient } from './client.ts'
export { type ConnectRedisOptions, connectRedis } from './connect.ts'
export { redisLog } from './log.ts'
export type { RedisLogOptions } from './log-options.ts'
export { redisStore } from './store.ts'
export type { RedisStoreOptions } from './store-options.ts'
