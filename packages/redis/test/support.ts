// Nodes on a real Redis server: each a client, a log and a cache of its own, as if it were a process.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Cache, createCache, type InvalidationLog } from '@larder/core'
import { Cluster as Cluster5, Redis as Redis5 } from 'ioredis'
import { Cluster as Cluster6, Redis as Redis6 } from 'ioredis6'
import type { RedisServer } from '../../../test/support/redis-server.ts'
import { clientSettings } from '../src/connect.ts'
import { type ConnectRedisOptions, type RedisClient, type RedisLogOptions, redisLog } from '../src/index.ts'

type User = Pick<ConnectRedisOptions, 'username' | 'password'>

/** Both majors, with the settings of connectRedis(). */
export const majors = [
  {
    major: 'ioredis 5',
    connect: (port: number, user: User = {}): Redis5 =>
      quiet(new Redis5(clientSettings({ port, keyPrefix: '', ...user }))),
  },
  {
    major: 'ioredis 6',
    // The settings are typed by the other major.
    connect: (port: number, user: User = {}): Redis5 =>
      quiet(new Redis6(clientSettings({ port, keyPrefix: '', ...user }) as object)) as unknown as Redis5,
  },
] as const

export type Connect = (port: number) => Redis5

export function quiet<T extends { on(event: 'error', listener: () => void): unknown }>(client: T): T {
  client.on('error', () => {})
  return client
}

/** What a test does with a client, standalone or Cluster, of either major. */
export type Client = RedisClient & { disconnect(): void }

/** Both majors on the two topologies that fail over by themselves: by their Sentinels, and as a Cluster. */
export const failingOver = [
  { major: 'ioredis 5', Redis: Redis5, Cluster: Cluster5 },
  { major: 'ioredis 6', Redis: Redis6 as unknown as typeof Redis5, Cluster: Cluster6 as unknown as typeof Cluster5 },
] as const

/** The settings of connectRedis() without its address, and sooner to give a silent connection up. */
export const impatient = (() => {
  const { host: _host, port: _port, ...settings } = clientSettings({ keyPrefix: '' })
  return { ...settings, socketTimeout: 1500, connectTimeout: 1000 }
})()

export interface Node<C extends Client = Redis5> {
  readonly client: C
  readonly log: InvalidationLog
  readonly cache: Cache
}

export interface Nodes<C extends Client = Redis5> {
  /** A node that has heard from the log. */
  start(options?: RedisLogOptions): Promise<Node<C>>
  /** Closes all of them. */
  end(): Promise<void>
}

export function nodesOn(server: () => RedisServer, connect: Connect): Nodes {
  return nodesWith(() => connect(server().port))
}

export function nodesWith<C extends Client>(connect: () => C): Nodes<C> {
  const started: Node<C>[] = []
  return {
    async start(options = {}) {
      const client = connect()
      const log = redisLog(client, options)
      const cache = createCache({ log, ...(options.now && { now: options.now }) })
      const node = { client, log, cache }
      started.push(node)
      await until(() => log.confirmedAt() > 0)
      return node
    },
    async end() {
      await Promise.all(started.splice(0).map(end))
    },
  }
}

async function end({ client, log, cache }: Node<Client>): Promise<void> {
  await cache.close()
  await log.close()
  client.disconnect()
}

/** Waits until it holds, and says how many milliseconds that took. */
export async function until(condition: () => boolean | Promise<boolean>, ms = 5000): Promise<number> {
  const begin = performance.now()
  while (!(await condition())) {
    if (performance.now() - begin > ms) throw new Error(`Not within ${ms} ms: ${condition}`)
    await sleep(2)
  }
  return performance.now() - begin
}

/** The code with which it rejects, or 'none'. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    return String((error as { code?: unknown }).code)
  }
}
