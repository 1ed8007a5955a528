// Nodes on a real Redis server: each a client, a log and a cache of its own, as if it were a process.

import { setTimeout as sleep } from 'node:timers/promises'
import { type Cache, createCache, type InvalidationLog } from '@larder/core'
import { Redis as Redis5 } from 'ioredis'
import { Redis as Redis6 } from 'ioredis6'
import type { RedisServer } from '../../../test/support/redis-server.ts'
import { clientSettings } from '../src/connect.ts'
import { type RedisLogOptions, redisLog } from '../src/index.ts'

/** Both majors, with the settings of connectRedis(). */
export const majors = [
  { major: 'ioredis 5', connect: (port: number): Redis5 => quiet(new Redis5(clientSettings({ port }))) },
  {
    major: 'ioredis 6',
    // The settings are typed by the other major.
    connect: (port: number): Redis5 => quiet(new Redis6(clientSettings({ port }) as object)) as unknown as Redis5,
  },
] as const

export type Connect = (port: number) => Redis5

function quiet<T extends { on(event: 'error', listener: () => void): unknown }>(client: T): T {
  client.on('error', () => {})
  return client
}

export interface Node {
  readonly client: Redis5
  readonly log: InvalidationLog
  readonly cache: Cache
}

export interface Nodes {
  /** A node that has heard from the log. */
  start(options?: RedisLogOptions & { readonly wrap?: (log: InvalidationLog) => InvalidationLog }): Promise<Node>
  /** Closes all of them. */
  end(): Promise<void>
}

export function nodesOn(server: () => RedisServer, connect: Connect): Nodes {
  const started: Node[] = []
  return {
    async start({ wrap = (log: InvalidationLog) => log, ...options } = {}) {
      const client = connect(server().port)
      const log = redisLog(client, options)
      const cache = createCache({ log: wrap(log), ...(options.now && { now: options.now }) })
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

async function end({ client, log, cache }: Node): Promise<void> {
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
