// What the log and the store need of an ioredis client: Redis and Cluster of both major versions have it.

/** A client that the user owns. Its options are read, never changed, and it is never closed. */
export interface RedisClient {
  readonly isCluster?: boolean
  readonly options?: { readonly keyPrefix?: string | undefined }
  evalsha(sha: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>
  eval(script: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>
  /** A connection of the log's own, with the same options but for these. */
  duplicate(options?: object): RedisConnection
  on(event: 'ready', listener: () => void): unknown
  removeListener(event: 'ready', listener: () => void): unknown
}

/** The same, for the store. */
export interface RedisStoreClient extends RedisClient {
  /** The connection, where there is one alone. */
  readonly stream?: { cork(): void; uncork(): void } | null | undefined
  hmgetBuffer(key: string, ...fields: string[]): Promise<(Buffer | null)[]>
  hdel(key: string, ...fields: string[]): Promise<unknown>
  unlink(key: string): Promise<unknown>
}

/** A connection that the log opened, and closes. */
export interface RedisConnection {
  connect(): Promise<void>
  subscribe(channel: string): Promise<unknown>
  evalsha(sha: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>
  eval(script: string, keys: number, ...args: (string | Buffer)[]): Promise<unknown>
  /** Commands that go out in one write, on one connection; of a Cluster, to the node that has their keys. */
  pipeline(commands: unknown[][]): { exec(): Promise<[error: Error | null, reply: unknown][] | null> }
  disconnect(reconnect?: boolean): void
  on(event: string, listener: (...args: string[]) => void): unknown
  removeAllListeners(event?: string): unknown
}

/** A connection of one's own beside the client, not connected yet: it fails at once, sends nothing twice, and reconnects for ever. */
export function openConnection(client: RedisClient): RedisConnection {
  const own = {
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: reconnectDelayMs,
  }
  const connection = client.isCluster === true ? duplicateCluster(client, own) : client.duplicate(own)
  // Without a listener ioredis prints the error, which may hold a password.
  connection.on('error', () => {})
  connection.on('close', () => clearSocketTimer(connection))
  return connection
}

function duplicateCluster(client: RedisClient, own: { retryStrategy: (times: number) => number }): RedisConnection {
  // A Cluster takes its first nodes before its options.
  const { retryStrategy: clusterRetryStrategy, ...options } = own
  return (client.duplicate as (nodes: object, options: object) => RedisConnection).call(client, [], {
    ...options,
    clusterRetryStrategy,
  })
}

const LEAST_DELAY_MS = 250

/** How long, in milliseconds, until the next try: never the same for two nodes, and never at an end. */
export function reconnectDelayMs(times: number): number {
  const most = Math.min(750 * 2 ** Math.min(times, 2), 3000)
  return LEAST_DELAY_MS + Math.random() * (most - LEAST_DELAY_MS)
}

/** How long, in milliseconds, a server may take to close its side: one that is frozen never does, and would keep the process. */
export const DISCONNECT_TIMEOUT_MS = 200

/**
 * ioredis leaves the timer of `socketTimeout` behind when a connection closes while a command waits: it keeps the process for as long, and
 * ends whatever connection there is by then.
 */
export function clearSocketTimer(connection: object): void {
  clearTimeout((connection as { readonly socketTimeoutTimer?: NodeJS.Timeout }).socketTimeoutTimer)
}
