// A client whose settings suit a cache: it fails at once instead of waiting, never sends a command twice, and never gives up.

import type { ConnectionOptions } from 'node:tls'
import { LarderTypeError } from '@larder/core'
import { checkOptions, isInteger, isObject, isString, oneOf } from '@larder/core/door'
import { Redis, type RedisOptions } from 'ioredis'
import { clearSocketTimer, DISCONNECT_TIMEOUT_MS, reconnectDelayMs } from './client.ts'

export interface ConnectRedisOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://…` for TLS. The other options go before what it says. */
  readonly url?: string
  /** @default '127.0.0.1' */
  readonly host?: string
  /** @default 6379 */
  readonly port?: number
  readonly username?: string
  readonly password?: string
  /** @default 0 */
  readonly db?: number
  /** The version of IP that the host's name is looked up for; 0 is either. @default 0 */
  readonly family?: 0 | 4 | 6
  /** As `tls.connect` takes it; `{}` for TLS with the system's certificates. @default no TLS */
  readonly tls?: ConnectionOptions
}

// What is a secret, or holds one, is checked apart: a message of checkOptions shows the value.
const anything = () => undefined
const shape = {
  url: anything,
  host: isString,
  port: isInteger(1, 65_535),
  username: anything,
  password: anything,
  db: isInteger(0),
  family: oneOf(0, 4, 6),
  tls: isObject,
}

/**
 * An ioredis client, which connects at once and reconnects for ever. You own it: `quit()` it after the log is closed. A command that cannot
 * be sent fails at once. Its errors are heard and dropped, since they may hold a password: what is wrong shows in `client.status`.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION
 */
export function connectRedis(options: ConnectRedisOptions = {}): Redis {
  const settings = clientSettings(options)
  const client = options.url === undefined ? new Redis(settings) : new Redis(options.url, settings)
  client.on('close', () => clearSocketTimer(client))
  // Without a listener ioredis prints the whole error.
  return client.on('error', () => {})
}

/** The settings of that client, the URL left out. */
export function clientSettings(options: ConnectRedisOptions): RedisOptions {
  checkOptions('connectRedis()', options, shape)
  const { url, username, password, ...rest } = options
  for (const [name, value] of Object.entries({ username, password }))
    if (value !== undefined && typeof value !== 'string') throw refuse(name, 'a string')
  if (url !== undefined && !isRedisUrl(url)) throw refuse('url', "'redis://…' or 'rediss://…'")
  const given = Object.entries({ username, password, ...rest }).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given),
    lazyConnect: false,
    enableOfflineQueue: false,
    // A write that is sent again after others came between would undo them.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 5000,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // A connection that swallows commands is given up; keep-alive alone does not see a process that stands still.
    socketTimeout: 10_000,
    keepAlive: 10_000,
    retryStrategy: reconnectDelayMs,
  }
}

function isRedisUrl(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)
}

function refuse(name: string, expected: string): LarderTypeError {
  return new LarderTypeError('LARDER_INVALID_OPTION', `connectRedis(): ${name}: expected ${expected}`)
}
