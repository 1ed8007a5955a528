// A client whose settings suit a cache: it fails at once instead of waiting, never sends a command twice, and never gives up.

import type { ConnectionOptions } from 'node:tls'
import { LarderTypeError } from '@larder/core'
import { checkOptions, isInteger, isObject, isString, oneOf } from '@larder/core/door'
import { Cluster, Redis, type RedisOptions } from 'ioredis'
import { clearSocketTimer, DISCONNECT_TIMEOUT_MS, reconnectDelayMs } from './client.ts'

/** Where a server listens. */
export interface RedisAddress {
  /** @default '127.0.0.1' */
  readonly host?: string
  /** @default 6379, and 26379 of a Sentinel */
  readonly port?: number
}

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
  /** What every key begins with. @default 'app:' */
  readonly keyPrefix?: string
  /** Sentinels that know the master; in place of `url`, `host` and `port`, and together with `name`. */
  readonly sentinels?: readonly RedisAddress[]
  /** What the Sentinels call the master. */
  readonly name?: string
  /** Nodes of a Cluster, of which one has to be there; in place of `url`, `host`, `port`, `db` and `sentinels`. */
  readonly cluster?: readonly RedisAddress[]
}

/** The same for a Cluster. */
export type ConnectClusterOptions = ConnectRedisOptions & Required<Pick<ConnectRedisOptions, 'cluster'>>

// What is a secret, or holds one, is checked apart: a message of checkOptions shows the value.
const anything = () => undefined
const isPort = isInteger(1, 65_535)
const shape = {
  url: anything,
  host: isString,
  port: isPort,
  username: anything,
  password: anything,
  db: isInteger(0),
  family: oneOf(0, 4, 6),
  tls: isObject,
  keyPrefix: (value: unknown) => (typeof value === 'string' ? undefined : 'a string'),
  sentinels: areAddresses,
  name: isString,
  cluster: areAddresses,
}

/** What says where the server is: one way of saying it is enough. */
const alternatives = [
  ['cluster', ['url', 'host', 'port', 'db', 'sentinels', 'name']],
  ['sentinels', ['url', 'host', 'port']],
] as const

/**
 * An ioredis client, which connects at once and reconnects for ever. You own it: `quit()` it after the cache is closed. A command that cannot
 * be sent fails at once. Its errors are heard and dropped, since they may hold a password: what is wrong shows in `client.status`.
 *
 * @throws LARDER_UNKNOWN_OPTION, LARDER_INVALID_OPTION
 */
export function connectRedis(options: ConnectClusterOptions): Cluster
export function connectRedis(options?: ConnectRedisOptions): Redis
export function connectRedis(options: ConnectRedisOptions = {}): Redis | Cluster {
  const settings = clientSettings(options)
  // Without a listener ioredis prints the whole error.
  if (options.cluster !== undefined) return connectCluster(options.cluster, settings).on('error', () => {})
  const client = options.url === undefined ? new Redis(settings) : new Redis(options.url, settings)
  client.on('close', () => clearSocketTimer(client))
  return client.on('error', () => {})
}

function connectCluster(addresses: readonly RedisAddress[], settings: RedisOptions): Cluster {
  const { keyPrefix, enableOfflineQueue, retryStrategy, ...redisOptions } = settings
  return new Cluster(
    addresses.map(({ host = '127.0.0.1', port = 6379 }) => ({ host, port })),
    {
      redisOptions,
      ...(keyPrefix !== undefined && { keyPrefix }),
      // Look-ups of requests that come together go out together. On one connection the store sees to that itself, for less.
      enableAutoPipelining: true,
      enableOfflineQueue: enableOfflineQueue === true,
      // Without a queue the check is refused by a node that is still connecting, and the whole client begins anew.
      enableReadyCheck: false,
      clusterRetryStrategy: reconnectDelayMs,
      // What is asked of a node that has just gone is asked once more of the one that took its place, and not for longer than that takes.
      maxRedirections: 3,
      retryDelayOnFailover: 200,
      slotsRefreshTimeout: 2000,
    },
  )
}

/** The settings of that client, the URL and the nodes of a Cluster left out. */
export function clientSettings(options: ConnectRedisOptions): RedisOptions {
  checkOptions('connectRedis()', options, shape)
  const { url, username, password, cluster, keyPrefix = 'app:', sentinels, name, ...rest } = options
  for (const [secret, value] of Object.entries({ username, password }))
    if (value !== undefined && typeof value !== 'string') throw refuse(secret, 'a string')
  if (url !== undefined && !isRedisUrl(url)) throw refuse('url', "'redis://…' or 'rediss://…'")
  for (const [chosen, others] of alternatives) {
    const other = options[chosen] && others.find(each => options[each] !== undefined)
    if (other !== undefined) throw refuse(other, `nothing beside ${chosen}`)
  }
  if (sentinels !== undefined && name === undefined) throw refuse('name', 'what the Sentinels call the master')
  const given = Object.entries({ username, password, ...rest }).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(given),
    ...(sentinels && {
      sentinels: sentinels.map(({ host = '127.0.0.1', port = 26_379 }) => ({ host, port })),
      name: name as string,
      sentinelRetryStrategy: reconnectDelayMs,
      failoverDetector: true,
    }),
    keyPrefix,
    lazyConnect: false,
    enableOfflineQueue: false,
    // A write that is sent again after others came between would undo them.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: 5000,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    // A connection that swallows commands is given up, and soon: the log asks every half second, so its silence says enough. Keep-alive alone
    // does not see a process that stands still.
    socketTimeout: 2000,
    keepAlive: 10_000,
    retryStrategy: reconnectDelayMs,
  }
}

function areAddresses(value: unknown): string | undefined {
  const expected = 'an array of { host, port }'
  if (!Array.isArray(value) || value.length === 0) return expected
  for (const address of value) {
    if (typeof address !== 'object' || address === null) return expected
    const { host, port, ...others } = address as Record<string, unknown>
    const isFit = (host === undefined || isString(host, 'host') === undefined) && Object.keys(others).length === 0
    if (!isFit || (port !== undefined && isPort(port, 'port') !== undefined)) return expected
  }
  return undefined
}

function isRedisUrl(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^rediss?:$/.test(new URL(url).protocol)
}

function refuse(name: string, expected: string): LarderTypeError {
  return new LarderTypeError('LARDER_INVALID_OPTION', `connectRedis(): ${name}: expected ${expected}`)
}
