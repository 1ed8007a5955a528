// Options of redisStore(), checked once.

import { checkOptions, isInteger, isObject, isString } from '@larder/core/door'
import { type RedisLogOptions, readLogOptions } from './log-options.ts'

export interface RedisStoreOptions {
  /** What the names of its keys and channels begin with: one for each cache that shares a server. @default 'larder:' */
  readonly prefix?: string
  /** Most bytes of one entry, with its head; a larger one is kept in memory alone. @default 2 MiB */
  readonly maxEntryBytes?: number
  /** Of the log of invalidations beside it. */
  readonly log?: Omit<RedisLogOptions, 'prefix'>
}

export interface RedisStoreSettings {
  readonly prefix: string
  readonly maxEntryBytes: number
  readonly log: Omit<RedisLogOptions, 'prefix'>
}

const shape = { prefix: isString, maxEntryBytes: isInteger(1024, 512 * 1024 * 1024), log: isObject }

/** @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION, LARDER_INVALID_DURATION */
export function readStoreOptions(options: RedisStoreOptions): RedisStoreSettings {
  checkOptions('redisStore()', options, shape)
  const { prefix = 'larder:', maxEntryBytes = 2 * 1024 * 1024, log = {} } = options
  readLogOptions({ ...log, prefix })
  return { prefix, maxEntryBytes, log }
}
