// @larder/redis — The public names, one by one.

export type { RedisClient, RedisConnection, RedisStoreClient } from './client.ts'
export { type ConnectClusterOptions, type ConnectRedisOptions, connectRedis, type RedisAddress } from './connect.ts'
export { redisLog } from './log.ts'
export type { RedisLogOptions } from './log-options.ts'
export { redisStore } from './store.ts'
export type { RedisStoreOptions } from './store-options.ts'
